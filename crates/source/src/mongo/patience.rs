//! How long an answer is waited for. `maxTimeMS` bounds a server that works; one that is stopped, or
//! behind a connection that leads nowhere, never says so, and the driver would wait for good.

use std::time::Duration;

use model::limits::SOURCE_QUESTION_MS;
use mongodb::options::ClientOptions;

/// The bounds of our waits for one server.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// A command that works through documents.
    work: Duration,
    /// A question that costs the server next to nothing.
    question: Duration,
}

impl Patience {
    /// For a server that may work for `max_time` on a command.
    pub(super) fn new(max_time: Duration, options: &ClientOptions) -> Patience {
        // What the driver may take to find a server and to connect belongs to each wait.
        let reach = options.server_selection_timeout.unwrap_or_default()
            + options.connect_timeout.unwrap_or_default();
        Patience {
            work: reach + max_time,
            question: reach + Duration::from_millis(SOURCE_QUESTION_MS),
        }
    }

    /// The answer to a command that works through documents.
    pub(super) async fn work<T>(self, answer: impl Answer<T>) -> mongodb::error::Result<T> {
        within(self.work, answer).await
    }

    /// The answer to a question.
    pub(super) async fn question<T>(self, answer: impl Answer<T>) -> mongodb::error::Result<T> {
        within(self.question, answer).await
    }
}

/// What the driver promises.
pub(super) trait Answer<T>: IntoFuture<Output = mongodb::error::Result<T>> {}

impl<T, A: IntoFuture<Output = mongodb::error::Result<T>>> Answer<T> for A {}

/// Given up, the connection is closed by the driver: nobody else gets the late answer.
async fn within<T>(bound: Duration, answer: impl Answer<T>) -> mongodb::error::Result<T> {
    tokio::time::timeout(bound, answer.into_future()).await.unwrap_or_else(|_| {
        let silent = format!("MongoDB was silent for {bound:?}; the connection is given up");
        Err(std::io::Error::new(std::io::ErrorKind::TimedOut, silent).into())
    })
}
