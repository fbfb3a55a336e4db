//! Documents as they came, unparsed: one buffer that holds a run of BSON documents.

use mongodb::raw_batch_cursor;

use crate::raw::{self, Malformed};

/// A run of BSON documents in one buffer. Its framing (each document's length lies within the buffer,
/// its last byte is 0) is checked before for a file's documents, and as one goes for a server's, since
/// the server is not asked for more until a reply is taken. What is inside a document is checked by
/// whoever walks it ([`crate::raw::Elements`]).
#[derive(Clone, Debug, Default)]
pub struct RawBatch {
    buffer: Buffer,
}

#[derive(Clone, Debug)]
enum Buffer {
    /// Documents back to back, as in a `.bson` file.
    Run { bytes: Vec<u8>, documents: usize },
    /// A server's reply, kept whole so that nothing is copied; `start..end` are the elements of its
    /// array of documents, each with a type byte and its index as a C string in front.
    Reply { reply: raw_batch_cursor::RawBatch, start: usize, end: usize },
}

impl Default for Buffer {
    fn default() -> Self {
        Buffer::Run { bytes: Vec::new(), documents: 0 }
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
        Ok(RawBatch { buffer: Buffer::Run { bytes, documents } })
    }

    /// A batch as a server replied it.
    pub(crate) fn from_reply(reply: raw_batch_cursor::RawBatch) -> Result<Self, Malformed> {
        let whole = reply.as_raw_document().as_bytes();
        let array = raw::reply_batch(whole)?;
        // The array is a slice of the reply: its place is the distance of the two pointers.
        let start = array.as_ptr().addr() - whole.as_ptr().addr() + 4;
        let end = start + array.len() - 5;
        Ok(RawBatch { buffer: Buffer::Reply { reply, start, end } })
    }

    /// How many documents there are; of a server's, those before the first that is malformed.
    pub fn len(&self) -> usize {
        match &self.buffer {
            Buffer::Run { documents, .. } => *documents,
            Buffer::Reply { .. } => self.documents().map_while(Result::ok).count(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes() == 0
    }

    /// Bytes of BSON in it, what frames them included.
    pub fn bytes(&self) -> usize {
        match &self.buffer {
            Buffer::Run { bytes, .. } => bytes.len(),
            Buffer::Reply { start, end, .. } => end - start,
        }
    }

    /// The documents, each with its length in front and its 0 at the end.
    pub fn documents(&self) -> Documents<'_> {
        match &self.buffer {
            Buffer::Run { bytes, .. } => {
                Documents { bytes, at: 0, end: bytes.len(), framed: false }
            }
            Buffer::Reply { reply, start, end } => Documents {
                bytes: reply.as_raw_document().as_bytes(),
                at: *start,
                end: *end,
                framed: true,
            },
        }
    }
}

/// The documents of a [`RawBatch`]; an error is the last item.
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    framed: bool,
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<&'a [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let document = if self.framed {
            raw::array_document_at(self.bytes, self.at, self.end)
        } else {
            raw::document_at(self.bytes, self.at)
                .map(|document| (self.at + document.len(), document))
        };
        Some(match document {
            Ok((end, document)) => {
                self.at = end;
                Ok(document)
            }
            Err(malformed) => {
                self.at = self.end;
                Err(malformed)
            }
        })
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
            batch.documents().map(|d| Document::from_reader(d.unwrap()).unwrap()).collect();
        assert_eq!(back, documents);
        for cut in 1..bytes.len() {
            let whole = [12, 17].contains(&cut);
            assert_eq!(RawBatch::from_run(bytes[..cut].to_vec()).is_ok(), whole, "{cut}");
        }
    }
}
