//! Documents as they came, unparsed: one buffer that holds a run of BSON documents.

use mongodb::raw_batch_cursor;

use crate::raw::{self, Malformed};

/// A run of BSON documents in one buffer, whose framing has been checked: each document's length
/// lies within the buffer and its last byte is 0. What is inside a document is checked by whoever
/// walks it ([`crate::raw::Elements`]).
#[derive(Clone, Debug, Default)]
pub struct RawBatch {
    buffer: Buffer,
    documents: usize,
    bytes: usize,
}

#[derive(Clone, Debug)]
enum Buffer {
    /// Documents back to back, as in a `.bson` file.
    Run(Vec<u8>),
    /// A server's reply, kept whole so that nothing is copied; `start..end` are the elements of its
    /// array of documents, each with a type byte and its index as a C string in front.
    Reply { reply: raw_batch_cursor::RawBatch, start: usize, end: usize },
}

impl Default for Buffer {
    fn default() -> Self {
        Buffer::Run(Vec::new())
    }
}

impl RawBatch {
    /// A batch of documents that lie back to back, as in a `.bson` file.
    ///
    /// # Errors
    /// If the bytes are not whole documents; the offset is within `bytes`.
    pub fn from_run(bytes: Vec<u8>) -> Result<Self, Malformed> {
        let mut at = 0;
        let mut documents = 0;
        while at < bytes.len() {
            at += raw::document_at(&bytes, at)?.len();
            documents += 1;
        }
        let payload = bytes.len();
        Ok(RawBatch { buffer: Buffer::Run(bytes), documents, bytes: payload })
    }

    /// A batch as a server replied it.
    pub(crate) fn from_reply(reply: raw_batch_cursor::RawBatch) -> Result<Self, Malformed> {
        let whole = reply.as_raw_document().as_bytes();
        let array = raw::reply_batch(whole)?;
        // The array is a slice of the reply: its place is the distance of the two pointers.
        let start = array.as_ptr().addr() - whole.as_ptr().addr() + 4;
        let end = start + array.len() - 5;
        let (mut at, mut documents, mut bytes) = (start, 0, 0);
        while at < end {
            let document = raw::array_document_at(whole, at, end)?;
            at = document.end;
            documents += 1;
            bytes += document.end - document.start;
        }
        Ok(RawBatch { buffer: Buffer::Reply { reply, start, end }, documents, bytes })
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.documents
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.documents == 0
    }

    /// Bytes of BSON in it.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The documents, each with its length in front and its 0 at the end.
    pub fn documents(&self) -> Documents<'_> {
        match &self.buffer {
            Buffer::Run(bytes) => Documents { bytes, at: 0, end: bytes.len(), framed: false },
            Buffer::Reply { reply, start, end } => Documents {
                bytes: reply.as_raw_document().as_bytes(),
                at: *start,
                end: *end,
                framed: true,
            },
        }
    }
}

/// The documents of a [`RawBatch`].
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    framed: bool,
}

impl<'a> Iterator for Documents<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.at >= self.end {
            return None;
        }
        // The framing was checked when the batch was made, so neither can fail here.
        let range = if self.framed {
            raw::array_document_at(self.bytes, self.at, self.end).ok()?
        } else {
            let document = raw::document_at(self.bytes, self.at).ok()?;
            self.at..self.at + document.len()
        };
        self.at = range.end;
        self.bytes.get(range)
    }
}

#[cfg(test)]
mod tests {
    use bson::{Document, doc};

    use super::*;

    #[test]
    fn a_run_is_cut_into_its_documents() {
        let documents = [doc! {"a": 1}, doc! {}, doc! {"b": {"c": "d"}}];
        let bytes: Vec<u8> = documents.iter().flat_map(|d| d.to_vec().unwrap()).collect();
        let batch = RawBatch::from_run(bytes.clone()).unwrap();
        assert_eq!((batch.len(), batch.bytes()), (3, bytes.len()));
        let back: Vec<Document> =
            batch.documents().map(|d| Document::from_reader(d).unwrap()).collect();
        assert_eq!(back, documents);
        for cut in 1..bytes.len() {
            let whole = [12, 17].contains(&cut);
            assert_eq!(RawBatch::from_run(bytes[..cut].to_vec()).is_ok(), whole, "{cut}");
        }
    }
}
