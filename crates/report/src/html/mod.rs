//! The report as one self-contained page: no outside fonts, scripts or pictures, and nothing is fetched.

mod csp;
mod evidence;
mod list;
mod page;
mod pictures;
mod story;
mod theories;

pub use page::html;
