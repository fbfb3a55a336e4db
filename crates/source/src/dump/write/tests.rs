//! What is written is what others read.

use bson::{RawDocumentBuf, doc};

use super::*;

#[test]
fn a_built_document_is_what_the_library_builds() {
    let mut builder = DocumentBuilder::new();
    builder.begin().text("left from", "before");
    builder
        .begin()
        .text("text", "é")
        .int32("int32", -1)
        .int64("int64", i64::MAX)
        .double("double", 0.5)
        .boolean("boolean", true)
        .null("null")
        .datetime("datetime", Timestamp(-1))
        .object_id("id", [7; 12])
        .uuid("uuid", 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff)
        .decimal("price", -123_456, 2);
    builder.begin_document("at").begin_array("points");
    builder.int32("ignored", 1).begin_document("").end().text("", "x").end().end();
    let built = RawDocumentBuf::from_bytes(builder.finish().to_vec()).unwrap();
    let wanted = doc! {
        "text": "é", "int32": -1, "int64": i64::MAX, "double": 0.5, "boolean": true,
        "null": null, "datetime": bson::DateTime::from_millis(-1),
        "id": bson::oid::ObjectId::from_bytes([7; 12]),
        "uuid": bson::Binary {
            subtype: bson::spec::BinarySubtype::Uuid,
            bytes: vec![0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
                        0xdd, 0xee, 0xff],
        },
        "price": "-1234.56".parse::<bson::Decimal128>().unwrap(),
        "at": { "points": [1, {}, "x"] },
    };
    assert_eq!(bson::Document::try_from(&*built).unwrap(), wanted);
    assert_eq!(built.as_bytes(), RawDocumentBuf::try_from(&wanted).unwrap().as_bytes());
}

fn write(dir: &Path, compressed: bool) -> (DumpWriter, Written) {
    let mut dump = DumpWriter::create(dir, "fleet").unwrap().dated(Timestamp(1_700_000_000_123));
    if compressed {
        dump = dump.compressed();
    }
    let mut collection = dump.collection("de/vices").unwrap();
    let mut builder = DocumentBuilder::new();
    for number in 0..3 {
        collection.append(builder.begin().int32("_id", number).finish()).unwrap();
    }
    assert!(collection.append(b"\x05\0\0\0").is_err(), "shorter than it says");
    assert!(collection.append(b"").is_err());
    let written = collection.finish(&[&["customerId", "at"]]).unwrap();
    (dump, written)
}

#[test]
fn the_same_documents_give_the_same_files() {
    for compressed in [false, true] {
        let one = tempfile::tempdir().unwrap();
        let two = tempfile::tempdir().unwrap();
        let (dump, written) = write(one.path(), compressed);
        let (again, _) = write(two.path(), compressed);
        assert_eq!(written, Written { documents: 3, bytes: 3 * 14 });
        let names: Vec<String> = fs::read_dir(dump.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");
        for name in names {
            assert!(name.starts_with("de%2Fvices."), "{name}");
            let path = dump.folder().join(&name);
            assert_eq!(fs::read(&path).unwrap(), fs::read(again.folder().join(&name)).unwrap());
            let modified = fs::metadata(&path).unwrap().modified().unwrap();
            let modified = modified.duration_since(UNIX_EPOCH).unwrap().as_millis();
            assert_eq!(modified, 1_700_000_000_123);
        }
    }
}

#[test]
fn metadata_is_json_with_uuid_and_indexes() {
    let dir = tempfile::tempdir().unwrap();
    let (dump, _) = write(dir.path(), false);
    let text = fs::read_to_string(dump.folder().join("de%2Fvices.metadata.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["collectionName"], "de/vices");
    assert_eq!(value["uuid"].as_str().map(str::len), Some(32));
    assert_eq!(value["indexes"][0]["name"], "_id_");
    assert_eq!(value["indexes"][1]["name"], "customerId_1_at_1");
    assert_eq!(value["indexes"][1]["key"]["at"]["$numberInt"], "1");
}
