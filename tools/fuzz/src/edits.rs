//! What is done to a seed. Every edit takes any bytes and leaves some.

use crate::generate::Edit;

/// An edit: the input, where, with what, how much, and the other seeds.
type Apply = fn(&mut Vec<u8>, usize, usize, usize, &[Vec<u8>]);

/// Every edit there is, by number.
pub(crate) const EDITS: [Apply; 19] = [
    flip_bit,
    set_byte,
    insert_token,
    delete,
    duplicate,
    truncate,
    splice,
    swap_cells,
    swap_columns,
    change_number,
    change_number,
    nest,
    byte_order_mark,
    replace_quoted,
    replace_quoted,
    confuse_quoted,
    swap_lines,
    repeat_line,
    change_breaks,
];

/// Bytes that decoders stumble over: ends of strings, escapes, odd Unicode, words of the formats.
const TOKENS: &[&[u8]] = &[
    b"\0",
    b"\xFF",
    b"\xC3",
    b"\xED\xA0\x80",
    b"\xEF\xBB\xBF",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\n",
    b"'",
    b"`",
    b"\r",
    b"\n",
    b"\n\n",
    b"\t",
    b",",
    b",,,,",
    b";",
    b"|",
    b":",
    b"=",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"\x01",
    b"\x02",
    b"\x1b[2J\x1b[31m",
    b"\x1b]8;;x\x07",
    b"\xC2\x9B31m",
    "\u{202e}\u{2066}".as_bytes(),
    "\u{200b}\u{feff}\u{2028}".as_bytes(),
    "e\u{301}\u{301}\u{301}".as_bytes(),
    "İßﬁ𝕏漢".as_bytes(),
    "\u{e0041}\u{1f468}\u{200d}\u{1f469}".as_bytes(),
    "－１２３".as_bytes(),
    b"<script>alert(1)</script>",
    b"${x}",
    b"{{x}}",
    b"%s%n",
    b"../../",
    b"&amp;",
    b"<N>",
    b"<*>",
    b"...",
    b"1970-01-01T00:00:00Z",
    b"2026-02-30T25:61:61Z",
    b"9999-12-31T23:59:60.999999999Z",
    b"-0001-01-01",
    b"18/Jun/2026:15:06:00 +9999",
    b"+18:00",
    b"ms",
    b"%",
    b"@@ -1,99999999 +0,0 @@",
    b"--- a/x\n+++ b/y\n",
    b"diff --git a/x b/x\n",
    b"+",
    b"-",
    b"/*",
    b"*/",
    b"//",
    b"#",
    b"\"\"\"",
    b"# TYPE a counter\n",
    b"# EOF",
    b"Traceback (most recent call last):\n",
    b"Caused by: a.B: c\n",
    b"\tat a.b.C.d(E.java:1)\n",
    b"... 9 more\n",
    b"goroutine 1 [running]:\n",
    b"  File \"a.py\", line 1, in b\n",
    b"panic: ",
    b"error",
    b"ERROR",
    b"level",
    b"timestamp",
    b"service",
    b"message",
    b"value",
    b"le",
    b"same",
    b"not json",
];

/// Numbers at the ends of what types hold, and texts that are nearly numbers.
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"-1",
    b"1",
    b"255",
    b"65536",
    b"2147483648",
    b"4294967296",
    b"9007199254740993",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"99999999999999999999999999999999999999",
    b"1e308",
    b"1e-320",
    b"-1e309",
    b"1e99999",
    b"0.1e-5",
    b"NaN",
    b"+Inf",
    b"-Infinity",
    b"007",
    b"0x1F",
    b"1_000",
    b"1,5",
    b"1.2.3",
    b"-0",
    b"-",
    b".",
    b"",
    b"1767960000",
    b"1767960000000",
    b"1767960000000000000",
    b"631151999",
    b"7289654400",
];

/// Does `edit` to `input`.
pub(crate) fn apply(input: &mut Vec<u8>, edit: Edit, seeds: &[Vec<u8>]) {
    let (at, with) = (edit.at as usize, edit.with as usize);
    if let Some(change) = EDITS.get(usize::from(edit.sort) % EDITS.len()) {
        change(input, at, with, usize::from(edit.much), seeds);
    }
}

fn place(input: &[u8], at: usize) -> usize {
    at % (input.len() + 1)
}

/// From `at` on, at most `length` bytes.
fn range(input: &[u8], at: usize, length: usize) -> std::ops::Range<usize> {
    let start = place(input, at);
    start..(start + length).min(input.len())
}

fn choice<'t>(table: &[&'t [u8]], with: usize) -> &'t [u8] {
    table.get(with % table.len().max(1)).copied().unwrap_or_default()
}

/// How often something is repeated: seldom as often as `most`, for small inputs are read faster and find the same.
fn times(much: usize, most: usize) -> usize {
    if much > 245 { most } else { 1 + much % 3 }
}

fn replace(input: &mut Vec<u8>, range: std::ops::Range<usize>, by: &[u8]) {
    input.splice(range, by.iter().copied());
}

#[expect(clippy::ptr_arg, reason = "all edits have one type")]
fn flip_bit(input: &mut Vec<u8>, at: usize, with: usize, _: usize, _: &[Vec<u8>]) {
    let start = place(input, at);
    if let Some(byte) = input.get_mut(start) {
        *byte ^= 1 << (with % 8);
    }
}

#[expect(clippy::ptr_arg, reason = "all edits have one type")]
fn set_byte(input: &mut Vec<u8>, at: usize, _: usize, much: usize, _: &[Vec<u8>]) {
    let start = place(input, at);
    if let Some(byte) = input.get_mut(start) {
        *byte = u8::try_from(much).unwrap_or_default();
    }
}

fn insert_token(input: &mut Vec<u8>, at: usize, with: usize, _: usize, _: &[Vec<u8>]) {
    let start = place(input, at);
    replace(input, start..start, choice(TOKENS, with));
}

fn delete(input: &mut Vec<u8>, at: usize, _: usize, much: usize, _: &[Vec<u8>]) {
    let gone = range(input, at, 1 + much / 4);
    replace(input, gone, b"");
}

fn duplicate(input: &mut Vec<u8>, at: usize, with: usize, much: usize, _: &[Vec<u8>]) {
    let copied = range(input, at, 1 + with % 200);
    let end = copied.end;
    let many = input.get(copied).unwrap_or_default().repeat(times(much, 40));
    replace(input, end..end, &many);
}

fn truncate(input: &mut Vec<u8>, at: usize, _: usize, _: usize, _: &[Vec<u8>]) {
    input.truncate(place(input, at));
}

fn splice(input: &mut Vec<u8>, at: usize, with: usize, much: usize, seeds: &[Vec<u8>]) {
    let other = seeds.get(with % seeds.len().max(1)).map(Vec::as_slice).unwrap_or_default();
    let piece = other.get(range(other, with / 7, 1 + much)).unwrap_or_default();
    let start = place(input, at);
    replace(input, start..start, piece);
}

/// The line around `at`, without its break.
fn line_at(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let middle = place(input, at);
    let breaks = |byte: &u8| *byte == b'\n';
    let start = input.get(..middle).unwrap_or_default().iter().rposition(breaks).map_or(0, |found| found + 1);
    let length = input.get(start..).unwrap_or_default().iter().position(breaks);
    start..length.map_or(input.len(), |length| start + length)
}

fn cells_swapped(line: &[u8], first: usize, second: usize) -> Vec<u8> {
    let delimiter = *line.iter().find(|byte| matches!(byte, b',' | b';' | b'\t' | b'|')).unwrap_or(&b',');
    let mut cells: Vec<&[u8]> = line.split(|byte| *byte == delimiter).collect();
    let count = cells.len();
    cells.swap(first % count, second % count);
    cells.join(&delimiter)
}

fn swap_cells(input: &mut Vec<u8>, at: usize, with: usize, much: usize, _: &[Vec<u8>]) {
    let line = line_at(input, at);
    let swapped = cells_swapped(input.get(line.clone()).unwrap_or_default(), with, much);
    replace(input, line, &swapped);
}

fn swap_columns(input: &mut Vec<u8>, _: usize, with: usize, much: usize, _: &[Vec<u8>]) {
    let lines: Vec<Vec<u8>> =
        input.split(|byte| *byte == b'\n').map(|line| cells_swapped(line, with, much)).collect();
    *input = lines.join(&b'\n');
}

fn change_number(input: &mut Vec<u8>, at: usize, with: usize, _: usize, _: &[Vec<u8>]) {
    let middle = place(input, at);
    let digit = |byte: &u8| byte.is_ascii_digit();
    let Some(offset) = input.get(middle..).unwrap_or_default().iter().position(digit) else { return };
    let start = middle + offset;
    let numeric = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E');
    let length = input.get(start..).unwrap_or_default().iter().take_while(|byte| numeric(byte)).count();
    replace(input, start..start + length, choice(NUMBERS, with));
}

fn nest(input: &mut Vec<u8>, at: usize, with: usize, much: usize, _: &[Vec<u8>]) {
    let forms: [(&[u8], &[u8]); 6] = [
        (b"[", b"]"),
        (b"{\"a\":", b"}"),
        (b"(", b")"),
        (b"<", b">"),
        (b"[{\"spans\":", b"}]"),
        (b"\"", b"\""),
    ];
    let (open, close) = forms.get(with % forms.len()).copied().unwrap_or_default();
    let depth = if much.is_multiple_of(16) { 16 * much } else { much % 8 };
    let around = line_at(input, at);
    let around = if with % 16 < 8 { 0..input.len() } else { around };
    replace(input, around.end..around.end, &close.repeat(depth));
    replace(input, around.start..around.start, &open.repeat(depth));
}

fn byte_order_mark(input: &mut Vec<u8>, _: usize, with: usize, _: usize, _: &[Vec<u8>]) {
    let marks: [&[u8]; 4] = [b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF", b"\xEF\xBB\xBF\xEF\xBB\xBF"];
    replace(input, 0..0, choice(&marks, with));
}

/// A quoted text at or after `at`, without its quotes.
fn quoted(input: &[u8], at: usize) -> Option<std::ops::Range<usize>> {
    let middle = place(input, at);
    let start = middle + input.get(middle..)?.iter().position(|byte| *byte == b'"')? + 1;
    let length = input.get(start..)?.iter().position(|byte| *byte == b'"')?;
    Some(start..start + length)
}

fn replace_quoted(input: &mut Vec<u8>, at: usize, with: usize, much: usize, _: &[Vec<u8>]) {
    let token = if much.is_multiple_of(4) { choice(NUMBERS, with) } else { choice(TOKENS, with) };
    // A few times over, so that texts get long too.
    let token = token.repeat(if much > 250 { 400 } else { 1 });
    if let Some(range) = quoted(input, at) {
        replace(input, range, &token);
    }
}

fn confuse_quoted(input: &mut Vec<u8>, at: usize, with: usize, _: usize, _: &[Vec<u8>]) {
    let other = quoted(input, with).and_then(|range| input.get(range)).map(<[u8]>::to_vec);
    if let (Some(range), Some(other)) = (quoted(input, at), other) {
        replace(input, range, &other);
    }
}

fn swap_lines(input: &mut Vec<u8>, at: usize, with: usize, _: usize, _: &[Vec<u8>]) {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let count = lines.len();
    lines.swap(at % count, with % count);
    *input = lines.join(&b'\n');
}

fn repeat_line(input: &mut Vec<u8>, at: usize, _: usize, much: usize, _: &[Vec<u8>]) {
    let line = line_at(input, at);
    let mut copy = input.get(line.clone()).unwrap_or_default().to_vec();
    copy.push(b'\n');
    replace(input, line.start..line.start, &copy.repeat(times(much, 64)));
}

fn change_breaks(input: &mut Vec<u8>, _: usize, with: usize, _: usize, _: &[Vec<u8>]) {
    let breaks: [&[u8]; 4] = [b"\r\n", b"\r", b"\n\n", b"\t\n"];
    let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    *input = lines.join(choice(&breaks, with));
}
