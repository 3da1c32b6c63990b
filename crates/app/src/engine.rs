//! The one seam between this crate and the engine: tests of records put a scripted engine here.

use std::cell::OnceCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use midwatch_investigate::{InvestigateError, Journal, Request, Settings, Watcher, investigate};
use midwatch_model::Report;
use midwatch_sources::Source;
use tokio::runtime::Runtime;

use crate::AppError;

/// Everything an engine is given.
pub(crate) struct Inputs<'a> {
    pub(crate) request: &'a Request,
    pub(crate) sources: &'a [Arc<dyn Source>],
    pub(crate) settings: &'a Settings,
    pub(crate) journal: &'a dyn Journal,
    pub(crate) watcher: &'a dyn Watcher,
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Report, InvestigateError>> + 'a>>;

/// A function from inputs to a report.
pub(crate) type Engine = for<'a> fn(Inputs<'a>) -> Answer<'a>;

/// The engine of the product.
pub(crate) fn product(inputs: Inputs<'_>) -> Answer<'_> {
    let Inputs { request, sources, settings, journal, watcher } = inputs;
    Box::pin(async move { investigate(request, sources, settings, journal, watcher).await })
}

thread_local! {
    /// One runtime for the life of a thread: connections that a source keeps open belong to it.
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Runs `future` to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, AppError> {
    RUNTIME.with(|cell| {
        if cell.get().is_none() {
            let built = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(AppError::io("tokio", "start the runtime"))?;
            let _ = cell.set(built);
        }
        match cell.get() {
            Some(runtime) => Ok(runtime.block_on(future)),
            None => Err(AppError::io("tokio", "start the runtime")(std::io::Error::other("it is gone"))),
        }
    })
}
