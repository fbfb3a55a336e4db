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
    output: O,
    flow: Flow,
}

impl<O: Output> Buffer<O> {
    pub(crate) fn new(output: O) -> Self {
        Buffer { bytes: Vec::with_capacity(FIRST_CAPACITY_BYTES), output, flow: Flow::Continue }
    }

    /// Where to write. Call [`Buffer::settle`] after at most a few pieces.
    #[inline]
    pub(crate) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Hands the bytes over if they are a full chunk.
    #[inline]
    pub(crate) fn settle(&mut self) {
        if self.bytes.len() >= STREAM_CHUNK_BYTES {
            self.hand_over();
        }
    }

    /// Whether the output wants more.
    #[inline]
    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    #[cold]
    fn hand_over(&mut self) {
        let next = Vec::with_capacity(FULL_CAPACITY_BYTES);
        let full = std::mem::replace(&mut self.bytes, next);
        if self.output.chunk(full) == Flow::Stop {
            self.flow = Flow::Stop;
        }
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
