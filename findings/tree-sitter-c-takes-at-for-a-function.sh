#!/usr/bin/env bash
# Guess: tree-sitter's C grammar has an error at `volatile unsigned char __at(0x5005) led;`, and finds the function below it.
# Seen: tree-sitter-c 0.24.2 with tree-sitter 0.26.1: the tree has one function, `__at`, whose body is the next function's, and that one's
#   name is lost. Other variables between the two do not help. With __at in front of the type, the function is found. So are functions
#   with `__interrupt(23)`, and those around inline assembler.
# Why it matters: editors and search engines that use the grammar lose the first function after the registers.
. "$(dirname "$0")/prepare"
python_packages tree-sitter==0.26.1 tree-sitter-c==0.24.2
cat >functions.py <<'P'
import tree_sitter
import tree_sitter_c

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c.language()))


def functions(source):
    found, nodes = [], [parser.parse(source.encode()).root_node]
    while nodes:
        node = nodes.pop(0)
        nodes = [*node.children, *nodes]
        if node.type == "function_definition":
            while node.type != "identifier":
                node = node.child_by_field_name("declarator")
            found.append(node.text.decode())
    return found


AFTER = "void first(void) { }\nvoid second(void) { }\n"
print(*functions("volatile unsigned char __at(0x5005) led;\n" + AFTER))
print(*functions("__at(0x5005) volatile unsigned char led;\n" + AFTER))
print(*functions("volatile unsigned char __at(0x5005) led;\nint count;\n" + AFTER))
print(*functions("void tick(void) __interrupt(23) { }\nvoid wait(void) {\n    __asm\n        ld a, #5\n    __endasm;\n}\n" + AFTER))
P
"$python" functions.py >seen
expect "functions after a variable with __at in the middle" "$(sed -n 1p seen)" "__at second"
expect "with __at in front" "$(sed -n 2p seen)" "first second"
expect "with another variable between" "$(sed -n 3p seen)" "__at second"
expect "with an interrupt handler and inline assembler" "$(sed -n 4p seen)" "tick wait first second"
