//! The buffer that an encoder writes into, and the output it hands full chunks to.

use model::Flow;
use model::limits::{ENCODER_PIECE_BYTES, STREAM_CHUNK_BYTES};

/// Where the encoded bytes go. Ended by exactly one of `end` and `abort`; one that is dropped
/// without either was not whole.
pub trait Output {
    /// Takes a chunk. All but the last hold at least [`STREAM_CHUNK_BYTES`].
    fn chunk(&mut self, bytes: Vec<u8>) -> Flow;
    /// The result is not whole and its format cannot say so: the stream must end abnormally.
    fn abort(&mut self);
    /// The encoder's own buffer takes so many bytes from now on, for whoever counts them; a chunk that
    /// is handed over is the output's.
    fn holds(&mut self, _bytes: usize) {}
    /// All bytes are out. For a format that can say so, this also ends a result that failed.
    fn end(&mut self);
}

/// Bytes of the first buffer: most results are small and never need a full chunk.
const FIRST_CAPACITY_BYTES: usize = 1024;

/// Room for a full chunk and the piece that overshoots it, escaped twice its length.
const FULL_CAPACITY_BYTES: usize = STREAM_CHUNK_BYTES + 2 * ENCODER_PIECE_BYTES;

/// Collects bytes and hands over full chunks.
pub(crate) struct Buffer<O> {
    bytes: Vec<u8>,
    /// At so many bytes there is something to do: the buffer has grown, or is a full chunk.
    look_at: usize,
    output: O,
    flow: Flow,
}

impl<O: Output> Buffer<O> {
    pub(crate) fn new(output: O) -> Self {
        let mut buffer = Buffer { bytes: Vec::new(), look_at: 0, output, flow: Flow::Continue };
        buffer.replace(FIRST_CAPACITY_BYTES);
        buffer
    }

    /// Where to write. Call [`Buffer::settle`] after at most a few pieces.
    #[inline]
    pub(crate) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Hands the bytes over if they are a full chunk.
    #[inline]
    pub(crate) fn settle(&mut self) {
        if self.bytes.len() >= self.look_at {
            self.look();
        }
    }

    /// Whether the output wants more.
    #[inline]
    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    #[cold]
    fn look(&mut self) {
        if self.bytes.len() < STREAM_CHUNK_BYTES {
            self.note();
            return;
        }
        let full = std::mem::take(&mut self.bytes);
        if self.output.chunk(full) == Flow::Stop {
            self.flow = Flow::Stop;
        }
        self.replace(FULL_CAPACITY_BYTES);
    }

    /// Goes on with an empty buffer.
    fn replace(&mut self, capacity: usize) {
        self.bytes = Vec::with_capacity(capacity);
        self.note();
    }

    /// Tells what the buffer takes, which grows only beyond that.
    fn note(&mut self) {
        self.output.holds(self.bytes.capacity());
        self.look_at = self.bytes.capacity().min(STREAM_CHUNK_BYTES);
    }

    /// Hands over what is left and ends.
    pub(crate) fn end(&mut self) {
        self.rest();
        self.output.end();
    }

    /// Hands over what is left and aborts.
    pub(crate) fn abort(&mut self) {
        self.rest();
        self.output.abort();
    }

    fn rest(&mut self) {
        let rest = std::mem::take(&mut self.bytes);
        if !rest.is_empty() && self.output.chunk(rest) == Flow::Stop {
            self.flow = Flow::Stop;
        }
        self.output.holds(0);
    }
}

/// Cuts text into pieces of at most [`ENCODER_PIECE_BYTES`] that end at character boundaries.
pub(crate) fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (piece, rest) = text.split_at(text.floor_char_boundary(ENCODER_PIECE_BYTES));
        text = rest;
        Some(piece)
    })
}

/// Writes bytes as base64 with padding (RFC 4648 §4), piece by piece.
pub(crate) fn base64<O: Output>(buffer: &mut Buffer<O>, blob: &[u8]) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    // A multiple of three, so that only the last piece is padded.
    const PIECE: usize = ENCODER_PIECE_BYTES / 3 * 3;
    let mut encoded = [0; PIECE / 3 * 4];
    for piece in blob.chunks(PIECE) {
        // The slice is large enough by its definition; the error arm cannot be reached.
        let length = STANDARD.encode_slice(piece, &mut encoded).unwrap_or(0);
        buffer.bytes().extend_from_slice(&encoded[..length]);
        buffer.settle();
    }
}
