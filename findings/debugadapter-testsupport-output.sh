#!/usr/bin/env bash
# Guess: in Microsoft's test client for debug adapters, assertOutput("console", "ready") waits until "ready" is in the output. An output
#   event without a category counts as "console", which is the default of the protocol.
# Seen: @vscode/debugadapter-testsupport 1.68.0: the whole output since the call must begin with the text. A line before it fails the
#   assertion, and any text after it is accepted. An event without a category is not counted at all.
# Why it matters: an adapter that follows the protocol and prints the chip's name first fails the test, with the right text in its output.
. "$(dirname "$0")/prepare"
command -v npm >/dev/null || { echo "this finding needs npm and node"; exit 1; }
npm install --silent --no-audit --no-fund --prefix . @vscode/debugadapter-testsupport@1.68.0 @vscode/debugprotocol@1.68.0 >log 2>&1
cat >adapter.js <<'J'
// An adapter with one event for each element of the launch request's "outputs".
let text = "", sequence = 0;
const send = (message) => {
    const body = JSON.stringify({seq: ++sequence, ...message});
    process.stdout.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};
process.stdin.on("data", (data) => {
    text += data;
    for (let found; (found = text.match(/^Content-Length: (\d+)\r\n\r\n/)) && text.length >= found[0].length + Number(found[1]); ) {
        const end = found[0].length + Number(found[1]);
        const request = JSON.parse(text.slice(found[0].length, end));
        text = text.slice(end);
        send({type: "response", request_seq: request.seq, command: request.command, success: true, body: {}});
        for (const body of (request.arguments || {}).outputs || []) send({type: "event", event: "output", body});
    }
});
J
cat >client.js <<'J'
const {DebugClient} = require("@vscode/debugadapter-testsupport");
async function assertion(outputs) {
    const client = new DebugClient("node", "./adapter.js", "demo");
    await client.start();
    const outcome = client.assertOutput("console", "ready", 2000).then(() => "passes", (error) => error.message.split(" ").slice(0, 4).join(" "));
    await client.launch({outputs});
    console.log(await outcome);
    await client.stop();
}
(async () => {
    await assertion([{category: "console", output: "ready\n"}, {category: "console", output: "and more\n"}]);
    await assertion([{category: "console", output: "STM8S103F3\nready\n"}]);
    await assertion([{output: "ready\n"}]);
})();
J
timeout 60 node client.js >seen
expect "ready, then more" "$(sed -n 1p seen)" passes
expect "a line before ready" "$(sed -n 2p seen)" "received data 'STM8S103F3\\nready\\n' is"
expect "ready without a category" "$(sed -n 3p seen)" "not enough output data"
