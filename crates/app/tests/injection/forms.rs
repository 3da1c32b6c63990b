//! What holds for every form of a report, whatever text it quotes: read as those read it who show it to people.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};
use midwatch_model::Report;
use midwatch_report::{outline, text};

/// Elements the page is made of.
const ELEMENTS: &str = "html head meta title style script body a header nav main section footer div span p h1 h2 h3 ul \
    ol li dl dt dd strong code pre article details summary figure figcaption table thead tbody tr th td button svg g \
    desc rect line path circle text";
/// Colours and weights that the terminal form uses; any other escape is not ours.
const COLOURS: [&str; 12] = ["0", "1", "1;31", "1;32", "1;33", "1;36", "2", "4", "31", "32", "33", "36"];

/// Nothing that cannot be seen, line breaks aside.
fn assert_visible(form: &str) {
    let hidden = form.chars().find(|ch| *ch != '\n' && text::is_hidden(*ch));
    assert_eq!(hidden, None, "in {form}");
}

fn titles(report: &Report) -> Vec<String> {
    outline(report).sections.iter().skip(1).map(|section| section.title.clone()).collect()
}

/// The terminal shows our colours and no other escape, and every heading is ours.
pub(crate) fn assert_terminal(report: &Report, form: &str) {
    let plain =
        COLOURS.iter().fold(form.to_owned(), |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
    assert_visible(&plain);
    let at_the_edge = plain.lines().filter(|line| line.starts_with(|ch: char| !ch.is_whitespace()));
    let headings: Vec<&str> = at_the_edge.skip(1).filter(|line| !line.starts_with('…')).collect();
    assert_eq!(headings, titles(report));
}

/// Markdown, read with tables, bare addresses and struck-out text: headings are ours, markup is our anchors, links lead to
/// evidence, and there is no picture.
pub(crate) fn assert_markdown(report: &Report, form: &str) {
    assert_visible(form);
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    let arena = Arena::new();
    let mut headings = Vec::new();
    for node in parse_document(&arena, form, &options).descendants() {
        match &node.data.borrow().value {
            NodeValue::Heading(heading) if heading.level == 2 => {
                let text = node.descendants().filter_map(|inner| match &inner.data.borrow().value {
                    NodeValue::Text(text) => Some(text.to_string()),
                    _ => None,
                });
                headings.push(text.collect::<String>());
            }
            NodeValue::HtmlInline(html) => {
                let ours = html == "</a>" || (html.starts_with("<a id=\"e") && html.len() < 20);
                assert!(ours, "{html} is markup");
            }
            NodeValue::HtmlBlock(block) => panic!("{} is markup", block.literal),
            NodeValue::Link(link) => {
                let ours = link.url.strip_prefix("#e").is_some_and(|number| number.parse::<u32>().is_ok());
                assert!(ours, "{} is a link", link.url);
            }
            NodeValue::Image(link) => panic!("{} is a picture", link.url),
            NodeValue::Strikethrough | NodeValue::TaskItem(_) | NodeValue::FootnoteReference(_) => {
                panic!("{:?} is not ours", node.data.borrow().value)
            }
            _ => {}
        }
    }
    assert_eq!(headings, titles(report));
}

/// The page, read as a browser's tokenizer reads it: our elements, one script and one style, nothing that acts by
/// itself, links that lead to evidence.
pub(crate) fn assert_page(form: &str) {
    let (mut scripts, mut styles) = (0, 0);
    for token in Tokenizer::new_with_emitter(form, DefaultEmitter::default()) {
        let Token::StartTag(tag) = token.unwrap() else { continue };
        let name = String::from_utf8(tag.name.to_vec()).unwrap();
        assert!(ELEMENTS.split_whitespace().any(|ours| ours == name), "<{name}> is not ours");
        scripts += usize::from(name == "script");
        styles += usize::from(name == "style");
        for (key, value) in &tag.attributes {
            let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(&value.value));
            assert!(
                !key.starts_with("on") && !matches!(&*key, "style" | "src" | "srcdoc" | "action"),
                "{key}={value}"
            );
            assert!(key != "href" || value.starts_with('#'), "{value} is a link");
        }
    }
    assert_eq!((scripts, styles), (1, 1));
    let shown = form.split_once("<body").unwrap().1.split("<script").next().unwrap();
    assert_visible(shown);
    assert!(!shown.contains("<!--"));
}

/// JSON holds every hidden character as an escape, and reads back as the report.
pub(crate) fn assert_json(report: &Report, form: &str) {
    assert_visible(form);
    assert!(serde_json::from_str::<Report>(form).unwrap() == *report, "it does not read back");
}
