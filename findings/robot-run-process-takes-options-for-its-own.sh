#!/usr/bin/env bash
# Guess: `Run Process    tool    --part=stm8s103f3` starts the tool with that option.
# Seen: Robot Framework 7.5 takes `--part=stm8s103f3` for a named argument of the keyword, and fails: "Keyword argument '--part' is not
#   supported". With `--part\=stm8s103f3`, or with the text in a variable, the tool gets it. An option named like one of the keyword's
#   own, `cwd=/`, has an effect on the process, and the tool does not see it.
# Why it matters: the message names an option that the tool has, so the mistake is looked for in the tool.
. "$(dirname "$0")/prepare"
python_packages robotframework==7.5
cat >options.robot <<'R'
*** Settings ***
Library    Process

*** Keywords ***
Show
    [Arguments]    ${result}
    Log To Console    said:${result.stdout}

*** Test Cases ***
Plain
    ${result}=    Run Process    echo    --part=stm8s103f3
    Show    ${result}

Escaped
    ${result}=    Run Process    echo    --part\=stm8s103f3
    Show    ${result}

Variable
    ${option}=    Set Variable    --part=stm8s103f3
    ${result}=    Run Process    echo    ${option}
    Show    ${result}

Own
    ${result}=    Run Process    echo    cwd=/
    Show    ${result}
R
code=0
"$work/venv/bin/robot" --output NONE --log NONE --report NONE options.robot >log 2>&1 || code=$?
expect "failed tests" "$code" 1
expect "the message" "$(grep -o "Keyword argument '--part' is not supported by this keyword" log)" \
    "Keyword argument '--part' is not supported by this keyword"
expect "escaped, in a variable, cwd" "$(grep -o 'said:.*' log | tr '\n' ' ')" "said:--part=stm8s103f3 said:--part=stm8s103f3 said: "
