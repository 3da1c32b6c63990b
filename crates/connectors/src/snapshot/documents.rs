//! Text for people: runbooks, notes, handover pages.

use midwatch_sources::Document;

use super::classify::FileKind;
use super::damage::DamageLog;
use super::read::{cut, head_of, text_of};
use super::scan::SnapshotFile;

/// Bytes kept of one document.
const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
/// Documents kept.
const DOCUMENTS_MAX: usize = 500;

/// Reads every document, in file order.
pub(super) fn read(files: &[SnapshotFile], damage: &mut DamageLog) -> Vec<Document> {
    let mut documents = Vec::new();
    for file in files.iter().filter(|file| file.kind == FileKind::Document) {
        if documents.len() >= DOCUMENTS_MAX {
            damage.file(&file.relative, "more documents than the limit of 500");
            continue;
        }
        match head_of(&file.path, DOCUMENT_BYTES_MAX as u64 + 1) {
            Err(error) => damage.file(&file.relative, &format!("cannot be read: {error}")),
            Ok(bytes) => {
                let (text, _) = text_of(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes));
                if bytes.len() > DOCUMENT_BYTES_MAX {
                    damage.note(format!("{} is longer than 1 MiB; the rest was left out", file.relative));
                }
                let text = cut(&text, DOCUMENT_BYTES_MAX).to_owned();
                let heading = text.lines().find_map(|line| line.strip_prefix("# ")).map(str::trim);
                let title = heading.filter(|title| !title.is_empty()).unwrap_or(file.stem()).to_owned();
                documents.push(Document { reference: file.relative.clone(), title, text });
            }
        }
    }
    documents
}

/// How many of `words` a document holds, case aside; all documents hold none of no words.
pub(super) fn score(document: &Document, words: &[String]) -> usize {
    let text = format!("{}\n{}", document.title, document.text).to_lowercase();
    words.iter().filter(|word| !word.is_empty() && text.contains(&word.to_lowercase())).count()
}
