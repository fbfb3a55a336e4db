//! Kept readers: open connections with prepared statements, each parked on the one image it reads.
//! They lie with their image, so that they go when it goes; here is only who is to go first when
//! there are too many.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use model::limits::READERS_PER_IMAGE;

use super::QueryLimits;
use super::session::Session;
use crate::image::{Image, WeakImage};

/// A bounded LRU of kept readers, over all tenants: an open connection with prepared statements on
/// one immutable image, on which only plain SELECTs ran. A kept reader goes with its image.
pub struct Readers {
    shelf: Arc<Shelf>,
}

struct Shelf {
    capacity: usize,
    count: AtomicUsize,
    next_tick: AtomicU64,
    /// When each was parked, oldest first. Entries of readers that were taken since are stale.
    order: Mutex<VecDeque<(u64, WeakImage)>>,
}

/// A reader on the shelf.
struct Kept {
    session: Option<Session>,
    tick: u64,
    shelf: Arc<Shelf>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.shelf.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Readers {
    /// Keeps at most `capacity` readers; 0 keeps none.
    pub fn new(capacity: usize) -> Readers {
        Readers {
            shelf: Arc::new(Shelf {
                capacity,
                count: AtomicUsize::new(0),
                next_tick: AtomicU64::new(0),
                order: Mutex::default(),
            }),
        }
    }

    /// How many are kept now.
    pub fn len(&self) -> usize {
        self.shelf.count.load(Ordering::Relaxed)
    }

    /// Whether none is kept now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A kept reader on `image`, if there is one.
    pub(super) fn take(
        &self,
        image: &Image,
        shared: Option<&Image>,
        limits: &QueryLimits,
    ) -> Option<Session> {
        let mut taken = image.parked(|parked| {
            let index = parked.iter().rposition(|entry| {
                let kept = entry.downcast_ref::<Kept>();
                kept.is_some_and(|kept| {
                    Arc::ptr_eq(&kept.shelf, &self.shelf)
                        && kept.session.as_ref().is_some_and(|s| s.fits(shared, limits))
                })
            })?;
            Some(parked.remove(index))
        })?;
        let session = taken.downcast_mut::<Kept>()?.session.take()?;
        session.resume(image, shared);
        Some(session)
    }

    /// Keeps `session`, which only ran plain SELECTs on `image`.
    pub(super) fn give(&self, image: &Image, session: Session) {
        if self.shelf.capacity == 0 {
            return;
        }
        session.park();
        self.shelf.count.fetch_add(1, Ordering::Relaxed);
        let tick = self.shelf.next_tick.fetch_add(1, Ordering::Relaxed);
        let kept = Kept { session: Some(session), tick, shelf: Arc::clone(&self.shelf) };
        let full = image.parked(|parked| {
            let oldest = (parked.len() >= READERS_PER_IMAGE).then(|| parked.remove(0));
            parked.push(Box::new(kept));
            oldest
        });
        drop(full); // closed outside of the lock
        self.queue(|order| order.push_back((tick, image.downgrade())));
        while self.len() > self.shelf.capacity {
            match self.queue(VecDeque::pop_front) {
                Some((tick, image)) => drop(self.find(tick, &image, true)),
                None => break,
            }
        }
        self.forget_stale();
    }

    fn queue<R>(&self, with: impl FnOnce(&mut VecDeque<(u64, WeakImage)>) -> R) -> R {
        with(&mut self.shelf.order.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Drops the queue's stale entries once they are the most of it.
    fn forget_stale(&self) {
        let bound = 4 * self.shelf.capacity + 16;
        if self.queue(|order| order.len() <= bound) {
            return;
        }
        let mut entries = self.queue(std::mem::take);
        entries.retain(|(tick, image)| self.find(*tick, image, false).is_some());
        self.queue(|order| {
            entries.append(order);
            *order = entries;
        });
    }

    /// The reader parked at `tick`, taken out if wanted.
    fn find(
        &self,
        tick: u64,
        image: &WeakImage,
        take: bool,
    ) -> Option<Option<Box<dyn std::any::Any + Send>>> {
        let image = image.upgrade()?;
        image.parked(|parked| {
            let index = parked.iter().position(|entry| {
                let kept = entry.downcast_ref::<Kept>();
                kept.is_some_and(|k| k.tick == tick && Arc::ptr_eq(&k.shelf, &self.shelf))
            })?;
            Some(take.then(|| parked.remove(index)))
        })
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("len", &self.len()).finish_non_exhaustive()
    }
}
