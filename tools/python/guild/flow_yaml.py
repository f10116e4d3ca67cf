# SPDX-License-Identifier: MIT
"""Reads and writes one YAML value on a line, the form in which flags travel to globals.

The interpreter of a project often has no PyYAML, so this is a reader of its own: scalars, [a, b]
and {a: 1} by the rules of YAML 1.1, with floats such as 1e5 that need neither sign nor dot. Block
collections, anchors and tags other than the usual !!str, !!set and so on are refused.
"""

import datetime
import math
import re

TRUE = ("yes", "true", "on")
FALSE = ("no", "false", "off")
NULL = ("", "~", "null", "Null", "NULL")

INT = re.compile(
    r"[-+]?0b[01_]+$|[-+]?0[0-7_]+$|[-+]?(?:0|[1-9][0-9_]*)$|[-+]?0x[0-9a-fA-F_]+$"
    r"|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$"
)
FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?$|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$"
    r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?$|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$"
    r"|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$"
)
TIME = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?"
    r"(?:[ \t]*(?:(Z)|([-+])(\d\d?)(?::(\d\d))?))?)?$"
)
DATE = re.compile(r"\d{4}-\d\d-\d\d$")

WHITE = re.compile(r"[ \t]*\n[ \t\n]*|[ \t]+")
PLAIN_WHITE = re.compile(r" *\n[ \n]*| +")
GAP = re.compile(r"(?:[ \t\n]|(?:(?<=[ \t\n])|^)#[^\n]*)*")
TAG = re.compile(r"!!([a-z]+)(?=[ \n\[\]{},]|$)")

ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "\\": "\\", "/": "/", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}
CODE_LENGTH = {"x": 2, "u": 4, "U": 8}


class FlowError(ValueError):
    """The text is not one of the values that are read here."""


def load(text):
    """The value that the text stands for; FlowError when it is not readable."""
    try:
        return Reader(text).document()
    except (RecursionError, OverflowError) as e:
        raise FlowError(str(e)) from e


# --- scalars --------------------------------------------------------------------------------


def resolve(text):
    """The value of a plain scalar."""
    if text in NULL:
        return None
    word = text.lower()
    # Only these spellings: yes, Yes and YES, but not yEs.
    if text in (word, word.capitalize(), word.upper()) and word in TRUE + FALSE:
        return word in TRUE
    for pattern, convert in ((FLOAT, to_float), (INT, to_int)):
        if pattern.match(text):
            try:
                return convert(text)
            except ValueError:
                return text
    return to_time(text) if TIME.match(text) else text


def split_sign(text):
    text = text.replace("_", "")
    sign = -1 if text.startswith("-") else 1
    return sign, text.lstrip("+-")


def to_int(text):
    sign, digits = split_sign(text)
    if digits.startswith("0b"):
        return sign * int(digits[2:], 2)
    if digits.startswith("0x"):
        return sign * int(digits[2:], 16)
    if ":" in digits:
        return sign * base_60(digits, int)
    return sign * int(digits, 8 if digits.startswith("0") else 10)


def to_float(text):
    sign, digits = split_sign(text.lower())
    if ":" in digits:
        return sign * base_60(digits, float)
    return sign * float(digits.lstrip(".") if digits in (".inf", ".nan") else digits)


def base_60(digits, kind):
    total = kind(0)
    for part in digits.split(":"):
        total = total * 60 + kind(part)
    return total


def to_time(text):
    year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes = TIME.match(
        text
    ).groups()
    try:
        if hour is None:
            if not DATE.match(text):
                return text
            return datetime.date(int(year), int(month), int(day))
        micro = int(((fraction or "") + "000000")[:6])
        zone = None
        if utc:
            zone = datetime.timezone.utc
        elif sign:
            shift = datetime.timedelta(hours=int(hours), minutes=int(minutes or 0))
            zone = datetime.timezone(-shift if sign == "-" else shift)
        return datetime.datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), micro, zone
        )
    except ValueError:
        return text


# --- reading --------------------------------------------------------------------------------


def folded(white):
    """What white space within a scalar stands for: one line break is a space, more are one less."""
    breaks = white.count("\n")
    if breaks == 0:
        return white
    return " " if breaks == 1 else "\n" * (breaks - 1)


class Reader:
    def __init__(self, text):
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.at = 0

    def fail(self, what):
        raise FlowError(f"{what} at {self.at} of {self.text!r}")

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.text[at] if at < len(self.text) else ""

    def skip_gap(self):
        self.at = GAP.match(self.text, self.at).end()

    def document(self):
        if re.match(r"(---|\.\.\.)(\s|$)", self.text):
            self.fail("document marker")
        value = self.node(in_flow=False)
        self.skip_gap()
        if self.peek():
            self.fail("text behind the value")
        return value

    def node(self, in_flow):
        self.skip_gap()
        tag = TAG.match(self.text, self.at)
        if tag:
            self.at = tag.end()
            self.skip_gap()
            return self.tagged(tag.group(1), in_flow)
        char = self.peek()
        if char == "[":
            return self.sequence()
        if char == "{":
            return self.mapping()
        if char in ("'", '"') and char:
            return self.quoted()
        return resolve(self.plain(in_flow))

    def tagged(self, tag, in_flow):
        char = self.peek()
        if char and char in "[{":
            value = self.sequence() if char == "[" else self.mapping()
            return self.collection(tag, value)
        text = self.quoted() if char in ("'", '"') and char else self.plain(in_flow)
        convert = {
            "str": str,
            "int": to_int,
            "float": to_float,
            "null": lambda text: None,
            "bool": lambda text: text.lower() in TRUE,
            "timestamp": to_time,
        }.get(tag)
        try:
            return convert(text)
        except (TypeError, ValueError, AttributeError):
            return self.fail(f"bad {tag}")

    def collection(self, tag, value):
        if tag == "set" and isinstance(value, dict):
            return set(value)
        if tag == {list: "seq", dict: "map"}[type(value)]:
            return value
        return self.fail(f"bad {tag}")

    def sequence(self):
        items = []
        self.at += 1
        while not self.closes("]"):
            start = self.at
            value = self.node(in_flow=True)
            empty = self.at == start
            if self.colon():
                value = self.pair({}, value)
            elif empty:
                self.fail("no value")
            items.append(value)
            self.comma("]")
        return items

    def mapping(self):
        items = {}
        self.at += 1
        while not self.closes("}"):
            if self.peek() == "?" and self.peek(1) in ("", " ", "\n"):
                self.at += 1
            start = self.at
            key = self.node(in_flow=True)
            empty = self.at == start
            if self.colon():
                self.pair(items, key)
            elif empty:
                self.fail("no key")
            else:
                self.set_item(items, key, None)
            self.comma("}")
        return items

    def pair(self, items, key):
        self.set_item(items, key, self.node(in_flow=True))
        return items

    def set_item(self, items, key, value):
        try:
            items[key] = value
        except TypeError:
            self.fail("a key that is a collection")

    def colon(self):
        self.skip_gap()
        found = self.peek() == ":"
        self.at += found
        return found

    def closes(self, end):
        self.skip_gap()
        if not self.peek():
            self.fail(f"missing {end}")
        found = self.peek() == end
        self.at += found
        return found

    def comma(self, end):
        self.skip_gap()
        if self.peek() == ",":
            self.at += 1
        elif self.peek() != end:
            self.fail(f"missing , or {end}")

    def plain(self, in_flow):
        if not self.starts_plain(in_flow):
            if self.peek() == "" or (in_flow and self.peek() in ",:]}"):
                return ""
            self.fail("unexpected character")
        text = white = ""
        while self.peek() != "#":
            start = self.at
            while not self.ends_plain(in_flow):
                self.at += 1
            if self.at == start:
                break
            text += white + self.text[start : self.at]
            gap = PLAIN_WHITE.match(self.text, self.at)
            if not gap:
                break
            white = folded(gap.group())
            self.at = gap.end()
        return text

    def starts_plain(self, in_flow):
        char = self.peek()
        if char == "" or char in " \t\n,[]{}#&*!|>'\"%@`":
            return False
        if char in "-?:":
            return self.peek(1) not in ("", " ", "\t", "\n") and (char == "-" or not in_flow)
        return True

    def ends_plain(self, in_flow):
        char = self.peek()
        if char == "" or char in " \t\n":
            return True
        if char == ":":
            after = self.peek(1)
            return after == "" or after in " \t\n" or (in_flow and after in ",[]{}")
        return in_flow and char in ",?[]{}"

    def quoted(self):
        quote = self.peek()
        parts = []
        self.at += 1
        while True:
            char = self.peek()
            if char == "":
                self.fail("missing " + quote)
            white = WHITE.match(self.text, self.at)
            if white:
                parts.append(folded(white.group()))
                self.at = white.end()
            elif char == "\\" and quote == '"':
                parts.append(self.escape())
            elif char != quote:
                parts.append(char)
                self.at += 1
            elif quote == "'" and self.peek(1) == "'":
                parts.append("'")
                self.at += 2
            else:
                self.at += 1
                return "".join(parts)

    def escape(self):
        char = self.peek(1)
        self.at += 2
        if char in CODE_LENGTH:
            digits = self.text[self.at : self.at + CODE_LENGTH[char]]
            if not re.match(r"[0-9a-fA-F]+$", digits) or len(digits) != CODE_LENGTH[char]:
                self.fail("bad escape")
            self.at += len(digits)
            return chr(int(digits, 16))
        if char == "\n":
            white = re.compile(r"[ \t\n]*").match(self.text, self.at)
            self.at = white.end()
            return "\n" * white.group().count("\n")
        if char not in ESCAPES:
            self.fail("bad escape")
        return ESCAPES[char]


# --- writing --------------------------------------------------------------------------------


def dump(value, in_flow=False):
    """The text of a value: what load() reads back."""
    if isinstance(value, str):
        return dump_text(value, in_flow)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(dump(item, True) for item in value) + "]"
    if isinstance(value, dict):
        pairs = (f"{dump(key, True)}: {dump(item, True)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (set, frozenset)):
        return "!!set {" + ", ".join(f"{dump(key, True)}: null" for key in value) + "}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return dump_float(value)
    return str(value)


def dump_float(value):
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(float(value))
    if "." not in text and "e" in text:
        text = text.replace("e", ".0e", 1)
    return text


def dump_text(text, in_flow):
    if any(not " " <= char <= "~" for char in text):
        return '"' + "".join(escaped(char) for char in text) + '"'
    if is_plain(text, in_flow):
        return text
    return "'" + text.replace("'", "''") + "'"


def escaped(char):
    if " " <= char <= "~":
        return "\\" + char if char in '"\\' else char
    for name in "tnr0":
        if ESCAPES[name] == char:
            return "\\" + name
    code = ord(char)
    return f"\\x{code:02X}" if code < 256 else f"\\u{code:04X}" if code < 65536 else f"\\U{code:08X}"


def is_plain(text, in_flow):
    if text in ("=", "<<") or text != text.strip(" ") or (in_flow and ":" in text):
        return False
    try:
        reader = Reader(text)
        return reader.node(in_flow) == text and reader.at == len(text)
    except FlowError:
        return False
