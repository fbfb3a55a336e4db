//! Answers that boots share: those that ask at the same time are served by one question to the
//! server, provided that it was put after theirs. So a thousand boots a second cost the server a
//! few hundred questions, and none of them learns less than it would have alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use model::Error;

/// One question's answers.
pub(super) struct Shared<T> {
    /// How often an answer was asked for.
    asked: AtomicU64,
    /// Held while the question is under way.
    turn: tokio::sync::Mutex<()>,
    last: Mutex<Last<T>>,
}

struct Last<T> {
    /// The last asker whose question this answers.
    asker: u64,
    answer: Option<Result<T, Error>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Shared {
            asked: AtomicU64::new(0),
            turn: tokio::sync::Mutex::default(),
            last: Mutex::new(Last { asker: 0, answer: None }),
        }
    }
}

impl<T: Clone> Shared<T> {
    /// The last answer that was no error; does not wait.
    pub(super) fn last(&self) -> Option<T> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.answer.as_ref()?.as_ref().ok().cloned()
    }

    /// Forgets the last answer: it has turned out to be old.
    pub(super) fn forget(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).answer = None;
    }

    /// An answer to a question that was put after this call.
    pub(super) async fn fresh(
        &self,
        ask: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let _turn = self.turn.lock().await;
        if let Some(answer) = self.since(mine) {
            return answer;
        }
        let asker = self.asked.load(Ordering::SeqCst);
        let answer = ask.await;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Last { asker, answer: Some(answer.clone()) };
        answer
    }

    fn since(&self, asker: u64) -> Option<Result<T, Error>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.asker < asker {
            return None;
        }
        last.answer.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn who_asks_while_a_question_is_under_way_waits_for_the_next() {
        let (shared, questions) = (Shared::default(), Cell::new(0));
        let ask = async || {
            questions.set(questions.get() + 1);
            let number = questions.get();
            tokio::task::yield_now().await;
            if number == 3 { Err(Error::internal("away")) } else { Ok(number) }
        };
        assert_eq!(shared.last(), None);
        // The first question is under way when the others come: they share the second.
        let answers = join_all((0..9).map(|_| shared.fresh(ask()))).await;
        let answers: Vec<i32> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, [1, 2, 2, 2, 2, 2, 2, 2, 2]);
        // An error is shared, too, and not remembered as an answer.
        assert!(shared.fresh(ask()).await.is_err());
        assert_eq!((shared.last(), questions.get()), (None, 3));
        assert_eq!(shared.fresh(ask()).await.unwrap(), 4);
        assert_eq!(shared.last(), Some(4));
    }
}
