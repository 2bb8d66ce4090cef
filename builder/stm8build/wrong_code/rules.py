"""The rules that look at the syntax tree, by the name of their kind. Pure: no SCons in here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import (
    rules_bytes,
    rules_choices,
    rules_constants,
    rules_fields,
    rules_initialisers,
    rules_long_long,
    rules_numbers,
    rules_switches,
    rules_volatile,
    rules_zero,
)
from .syntax_tree import Function, Node

Rule = Callable[[Function], Iterator[Node]]

RULES: dict[str, Rule] = {
    "cut-constant": rules_numbers.cut_constant,
    "short-push": rules_numbers.short_push,
    "kept-sign": rules_numbers.kept_sign,
    "byte-against-truth": rules_numbers.byte_against_truth,
    "signed-or-unsigned": rules_numbers.signed_or_unsigned,
    "shift-by-unsigned": rules_numbers.shift_by_unsigned,
    "float-by-itself": rules_numbers.by_itself,
    "long-by-itself": rules_numbers.long_by_itself,
    "itself-in-a-comparison": rules_numbers.itself_in_a_comparison,
    "choice-of-bytes": rules_bytes.choice_of_bytes,
    "choice-with-a-field": rules_bytes.choice_with_a_field,
    "byte-and-constant": rules_bytes.byte_and_constant,
    "divided-byte": rules_bytes.divided_by_one,
    "value-of-an-assignment": rules_bytes.value_of_an_assignment,
    "product-as-truth": rules_bytes.product_as_truth,
    "remainder-of-true": rules_bytes.remainder_of_true,
    "minus-of-a-choice": rules_choices.minus_of_a_choice,
    "choice-by-a-constant": rules_choices.choice_by_a_constant,
    "truth-of-a-choice": rules_choices.truth_of_a_choice,
    "minus-of-true": rules_choices.minus_of_true,
    "choice-of-false": rules_choices.choice_of_false,
    "plus-zero": rules_zero.plus_zero,
    "compared-constants": rules_constants.switch_of_a_constant,
    "cut-fraction": rules_constants.cut_fraction,
    "field-copy": rules_fields.field_copy,
    "field-against-negative": rules_fields.field_against_negative,
    "field-cast": rules_fields.field_cast,
    "long-into-field": rules_fields.long_into_field,
    "field-as-unsigned": rules_fields.field_as_unsigned,
    "field-and-byte": rules_fields.field_and_byte,
    "stored-as-a-field": rules_fields.stored_as_a_field,
    "kept-sign-of-a-field": rules_fields.kept_sign_of_a_field,
    "upper-half": rules_long_long.upper_half,
    "modulo": rules_long_long.modulo,
    "divided-by-minus-one": rules_long_long.divided_by_minus_one,
    "long-constant": rules_long_long.long_constant,
    "shifted-constant": rules_long_long.shifted_constant,
    "rounded-constant": rules_long_long.rounded_constant,
    "rounded-variable": rules_long_long.rounded_variable,
    "misplaced-result": rules_long_long.narrowed_result,
    "mixed-bytes": rules_long_long.mixed_bytes,
    "shift-in-place": rules_volatile.shift_in_place,
    "unread": rules_volatile.unread,
    "untouched": rules_volatile.untouched,
    "index-read-twice": rules_volatile.index_read_twice,
    "switch-of-unsigned": rules_switches.switch_of_unsigned,
}

# Places that may be of a kind: what SDCC leaves of it in the tree is not enough.
DOUBTFUL: dict[str, Rule] = {"upper-half": rules_long_long.bare_test, "cut-constant": rules_numbers.below_a_size}

# The same in the intermediate code of initialisers, in which other things are left.
INITIAL: dict[str, Rule] = {
    "cut-constant": rules_initialisers.cut_constant,
    "byte-against-truth": rules_initialisers.byte_against_truth,
    "remainder-of-true": rules_initialisers.remainder_of_true,
    "choice-of-bytes": rules_initialisers.choice_of_bytes,
    "minus-of-a-choice": rules_initialisers.minus_of_a_choice,
    "field-against-negative": rules_initialisers.field_against_negative,
    "field-cast": rules_initialisers.field_cast,
    "field-and-byte": rules_initialisers.field_and_byte,
    "upper-half": rules_initialisers.upper_half,
    "shift-by-unsigned": rules_initialisers.shift_by_unsigned,
    "index-read-twice": rules_initialisers.index_read_twice,
    "mixed-bytes": rules_initialisers.mixed_bytes,
}
# The first version that makes wrong code of these in an initialiser, too.
INITIAL_SINCE: dict[str, tuple[int, int]] = {"mixed-bytes": (4, 5)}
