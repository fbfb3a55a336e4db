//! Kept readers: open connections with prepared statements, each parked on the one image it reads.
//! They lie with their image, so that they go when it goes; here is only who is to go first when
//! there are too many, by the clock algorithm: a hot reader costs no queue.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use model::limits::READERS_PER_IMAGE;

use super::QueryLimits;
use super::session::Session;
use crate::image::{Image, WeakImage};

/// A bounded cache of kept readers, over all tenants: an open connection with prepared statements on
/// one immutable image, on which only plain SELECTs ran. A kept reader goes with its image.
pub struct Readers {
    shelf: Arc<Shelf>,
}

struct Shelf {
    capacity: usize,
    count: AtomicUsize,
    next: AtomicU64,
    /// The clock's face: readers in the order in which the hand comes to them.
    face: Mutex<VecDeque<Entry>>,
}

/// A reader by its number, and the image it is parked on.
type Entry = (u64, WeakImage);

/// A reader of this shelf: parked on its image, or out for a run.
pub(super) struct Kept {
    pub(super) session: Session,
    /// Its number on the clock's face, once it was parked.
    number: Option<u64>,
    /// It was used since the hand came by.
    used: bool,
    shelf: Arc<Shelf>,
}

/// What the hand found.
enum Visit {
    /// A reader not used since: taken out.
    Taken(
        #[expect(dead_code, reason = "dropped by the caller, outside of locks")]
        Box<dyn Any + Send>,
    ),
    /// A reader used since, or in use now.
    Spared,
    /// It went with its image.
    Gone,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.number.is_some() {
            self.shelf.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Readers {
    /// Keeps at most `capacity` readers; 0 keeps none.
    pub fn new(capacity: usize) -> Readers {
        Readers {
            shelf: Arc::new(Shelf {
                capacity,
                count: AtomicUsize::new(0),
                next: AtomicU64::new(0),
                face: Mutex::default(),
            }),
        }
    }

    /// How many are kept now, those out for a run included.
    pub fn len(&self) -> usize {
        self.shelf.count.load(Ordering::Relaxed)
    }

    /// Whether none is kept now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A kept reader on `image` that `wanted` likes, if there is one.
    pub(super) fn take(
        &self,
        image: &Image,
        shared: Option<&Image>,
        limits: &QueryLimits,
        wanted: impl Fn(&Session) -> bool,
    ) -> Option<Box<Kept>> {
        let taken = image.parked(|parked| {
            let index = parked.iter().rposition(|entry| {
                let kept = entry.downcast_ref::<Kept>();
                kept.is_some_and(|kept| {
                    Arc::ptr_eq(&kept.shelf, &self.shelf)
                        && kept.session.fits(shared, limits)
                        && wanted(&kept.session)
                })
            })?;
            Some(parked.remove(index))
        })?;
        let mut kept = taken.downcast::<Kept>().ok()?;
        kept.session.resume(image, shared);
        kept.used = true;
        Some(kept)
    }

    /// A new reader, which may come to be kept.
    pub(super) fn adopt(&self, session: Session) -> Box<Kept> {
        Box::new(Kept { session, number: None, used: false, shelf: Arc::clone(&self.shelf) })
    }

    /// Keeps a reader on which only plain SELECTs ran, all of them on `image`.
    pub(super) fn give(&self, image: &Image, mut kept: Box<Kept>) {
        if self.shelf.capacity == 0 {
            return;
        }
        kept.session.park();
        let new = kept.number.is_none();
        if new {
            let number = self.shelf.next.fetch_add(1, Ordering::Relaxed);
            kept.number = Some(number);
            self.shelf.count.fetch_add(1, Ordering::Relaxed);
            self.face(|face| face.push_back((number, image.downgrade())));
        }
        let oldest = image.parked(|parked| {
            let oldest = (parked.len() >= READERS_PER_IMAGE).then(|| parked.remove(0));
            parked.push(kept);
            oldest
        });
        drop(oldest); // closed outside of the lock
        if self.len() > self.shelf.capacity {
            self.evict();
        }
        if self.len() > self.shelf.capacity {
            // The rest are in use; they will come back, and this one is the newest.
            drop(image.parked(Vec::pop));
        }
        if new {
            self.forget_gone();
        }
    }

    /// Closes all readers that are parked now: their memory is wanted. Those out for a run stay.
    pub fn clear(&self) {
        for (_, image) in self.face(std::mem::take) {
            let Some(image) = image.upgrade() else { continue };
            let ours = |entry: &Box<dyn Any + Send>| {
                entry
                    .downcast_ref::<Kept>()
                    .is_some_and(|kept| Arc::ptr_eq(&kept.shelf, &self.shelf))
            };
            let gone = image.parked(|parked| {
                let (gone, others) = std::mem::take(parked).into_iter().partition(|e| ours(e));
                *parked = others;
                gone
            });
            let gone: Vec<Box<dyn Any + Send>> = gone;
            drop(gone); // closed outside of the lock
        }
    }

    /// Moves the hand until there are no more readers than may be, twice around at most: the first
    /// time clears every mark.
    fn evict(&self) {
        let mut steps = 2 * self.face(|face| face.len());
        while self.len() > self.shelf.capacity && steps > 0 {
            steps -= 1;
            let Some(entry) = self.face(VecDeque::pop_front) else { return };
            if matches!(self.visit(&entry, true), Visit::Spared) {
                self.face(|face| face.push_back(entry));
            }
        }
    }

    /// Looks after a reader; `take`: and takes it out if it was not used.
    fn visit(&self, (number, image): &Entry, take: bool) -> Visit {
        let Some(image) = image.upgrade() else { return Visit::Gone };
        image.parked(|parked| {
            for (index, entry) in parked.iter_mut().enumerate() {
                let Some(kept) = entry.downcast_mut::<Kept>() else { continue };
                if kept.number == Some(*number) && Arc::ptr_eq(&kept.shelf, &self.shelf) {
                    if !take || std::mem::take(&mut kept.used) {
                        return Visit::Spared;
                    }
                    return Visit::Taken(parked.remove(index));
                }
            }
            if take { Visit::Spared } else { Visit::Gone }
        })
    }

    fn face<R>(&self, with: impl FnOnce(&mut VecDeque<Entry>) -> R) -> R {
        with(&mut self.shelf.face.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Drops entries of readers that are no more, once they are the most there is.
    fn forget_gone(&self) {
        let bound = 4 * self.shelf.capacity + 16;
        if self.face(|face| face.len() <= bound) {
            return;
        }
        let mut entries = self.face(std::mem::take);
        entries.retain(|entry| matches!(self.visit(entry, false), Visit::Spared));
        self.face(|face| {
            entries.append(face);
            *face = entries;
        });
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("len", &self.len()).finish_non_exhaustive()
    }
}
