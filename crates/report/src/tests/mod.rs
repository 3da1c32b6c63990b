//! Tests over whole reports: what people see, what hostile text may not do, and that the guide is complete.

mod guide;
mod hostile;
mod looks;
mod page;
mod sample;
