//! HTML and SVG under construction, in such a way that text from outside cannot become markup.
//!
//! Names of elements and attributes and every fixed value are `&'static str`, so they are ours. Text only gets in
//! through [`Markup::text`], which escapes it; attributes hold fixed words, numbers, path data and checked addresses.

use crate::text;

/// A piece of markup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Markup(String);

/// The value of an attribute. Nothing from outside fits in here, except an address that was checked.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A word of ours.
    Fixed(&'static str),
    /// A coordinate or a length, with at most two decimals.
    Number(f64),
    /// A share of the width, 0 to 1, written in per cent.
    Share(f64),
    /// A word of ours with a number behind it, such as `#e3`.
    Numbered(&'static str, usize),
    /// The `d` of a path.
    Path(Path),
    /// A web address.
    Address(WebAddress),
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Value {
        Value::Fixed(word)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

/// Attributes of one element.
pub(crate) type Attributes<'a> = &'a [(&'static str, Value)];

impl Markup {
    /// Markup that is written in this program.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Markup {
        self.0.push_str(markup);
        self
    }

    /// Any text, shown as exactly that text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Markup {
        self.0.reserve(text.len());
        for ch in text.chars() {
            match ch {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Whatever the caller forgot to make visible stays visible here.
                _ if ch != '\n' && text::is_hidden(ch) => {
                    self.0.push_str(&format!("\\u{{{:x}}}", u32::from(ch)));
                }
                _ => self.0.push(ch),
            }
        }
        self
    }

    /// Opens an element.
    pub(crate) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) -> &mut Markup {
        self.start(name, attributes);
        self.raw(">")
    }

    /// Closes an element.
    pub(crate) fn close(&mut self, name: &'static str) -> &mut Markup {
        self.raw("</").raw(name).raw(">")
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) -> &mut Markup {
        self.start(name, attributes);
        self.raw("/>")
    }

    /// An element that holds text only.
    pub(crate) fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        text: &str,
    ) -> &mut Markup {
        self.open(name, attributes).text(text).close(name)
    }

    /// Adds finished markup.
    pub(crate) fn push(&mut self, markup: &Markup) -> &mut Markup {
        self.0.push_str(&markup.0);
        self
    }

    /// The finished text.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn start(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.raw("<").raw(name);
        for (key, value) in attributes {
            self.raw(" ").raw(key);
            if matches!(value, Value::Fixed("")) {
                continue;
            }
            self.raw("=\"");
            match value {
                Value::Fixed(word) => self.raw(word),
                Value::Number(number) => self.text(&decimal(*number)),
                Value::Share(share) => self.text(&format!("{}%", decimal(share * 100.0))),
                Value::Numbered(word, number) => self.raw(word).text(&number.to_string()),
                Value::Path(path) => self.text(&path.0),
                Value::Address(address) => self.text(&address.0),
            };
            self.raw("\"");
        }
    }
}

/// At most two decimals and no trailing zeros; `0` when not finite.
fn decimal(number: f64) -> String {
    if !number.is_finite() {
        return "0".into();
    }
    let plain = format!("{number:.2}");
    let short = plain.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".into() } else { short.to_owned() }
}

/// Path data: moves and lines between finite points.
#[derive(Debug, Clone, Default)]
pub(crate) struct Path(String);

impl Path {
    /// Lifts the pen to a point.
    pub(crate) fn move_to(&mut self, x: f64, y: f64) {
        self.command('M', &[x, y]);
    }

    /// Draws a line to a point.
    pub(crate) fn line_to(&mut self, x: f64, y: f64) {
        self.command('L', &[x, y]);
    }

    /// Draws a curve to `to` with two control points (SVG's `C`).
    pub(crate) fn curve_to(&mut self, first: (f64, f64), second: (f64, f64), to: (f64, f64)) {
        self.command('C', &[first.0, first.1, second.0, second.1, to.0, to.1]);
    }

    fn command(&mut self, name: char, numbers: &[f64]) {
        self.0.push(name);
        for (index, number) in numbers.iter().enumerate() {
            if index > 0 {
                self.0.push(' ');
            }
            let short = format!("{:.1}", if number.is_finite() { *number } else { 0.0 });
            self.0.push_str(short.strip_suffix(".0").unwrap_or(&short));
        }
    }
}

/// An `http` or `https` address whose every unusual byte is percent-encoded.
#[derive(Debug, Clone)]
pub(crate) struct WebAddress(String);

impl WebAddress {
    /// `None` unless the text is an `http` or `https` address.
    pub(crate) fn parse(target: &str) -> Option<WebAddress> {
        let rest = ["http://", "https://"].iter().find_map(|scheme| target.strip_prefix(scheme))?;
        if !rest.starts_with(|ch: char| ch.is_ascii_alphanumeric() || ch == '[') {
            return None;
        }
        let mut address = String::with_capacity(target.len());
        for byte in target.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => address.push(char::from(byte)),
                _ if b"-._~:/?#[]@!$&'()*+,;=%{}".contains(&byte) => address.push(char::from(byte)),
                _ => address.push_str(&format!("%{byte:02X}")),
            }
        }
        Some(WebAddress(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_numbers_are_written_harmless() {
        let mut markup = Markup::default();
        let attributes = [("x", Value::Share(0.123_45)), ("y", f64::NAN.into()), ("hidden", "".into())];
        markup.element("text", &attributes, "<a href=\"'&\u{202e}\">\n");
        assert_eq!(
            markup.finish(),
            "<text x=\"12.35%\" y=\"0\" hidden>&lt;a href=&quot;&#39;&amp;\\u{202e}&quot;&gt;\n</text>"
        );
    }

    #[test]
    fn only_web_addresses_become_addresses() {
        let parse = |target| WebAddress::parse(target).map(|address| address.0);
        assert_eq!(parse("https://a.example/x\" y"), Some("https://a.example/x%22%20y".into()));
        for target in
            ["javascript:alert(1)", "data:text/html,x", "//a.example", "https://", "http:// x", "HTTP"]
        {
            assert_eq!(parse(target), None, "{target}");
        }
    }

    #[test]
    fn a_path_is_short() {
        let mut path = Path::default();
        path.move_to(0.0, 1.25);
        path.line_to(10.0, f64::INFINITY);
        assert_eq!(path.0, "M0 1.2L10 0");
    }
}
