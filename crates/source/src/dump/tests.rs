//! Tests of dump folders.

use std::fs;
use std::io::Write;

use bson::{Bson, Document, doc};
use flate2::Compression;
use flate2::write::GzEncoder;
use model::{
    ColumnPath, ColumnType, Comparison, Filter, FilterValue, Table, TableColumn, TableSet,
    TenantKeyType, TenantList,
};

use super::*;
use crate::plan_scans;

fn path(text: &str) -> model::Path {
    model::Path::parse(text).unwrap()
}

fn catalog(filter: Option<Filter>, shared: bool) -> Arc<Catalog> {
    let column = TableColumn {
        name: "v".into(),
        path: ColumnPath::Field(path("v")),
        column_type: ColumnType::Any,
        description: None,
    };
    let table = Table {
        name: "t".into(),
        description: None,
        collection: "things".into(),
        tenant_key: path("tenant.id"),
        filter,
        unwind: None,
        shared,
        columns: vec![column],
        primary_key: vec![],
        indexes: vec![],
    };
    Arc::new(Catalog {
        tenants: Some(TenantList { collection: "things".into(), key: path("tenant.id") }),
        tenant_key_type: TenantKeyType::String,
        exclude: vec![],
        tables: vec![table],
        version: String::new(),
    })
}

fn write(folder: &Path, documents: &[Document], compressed: bool) {
    let bytes: Vec<u8> = documents.iter().flat_map(|d| d.to_vec().unwrap()).collect();
    if compressed {
        let file = File::create(folder.join("things.bson.gz")).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::fast());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap();
    } else {
        fs::write(folder.join("things.bson"), bytes).unwrap();
    }
}

fn things(count: i32, padding: usize) -> Vec<Document> {
    let tenant = |n: i32| if n % 100 < 30 { 0 } else { n % 7 };
    (0..count)
        .map(|n| {
            let id = format!("t{}", tenant(n));
            doc! {"_id": n, "v": n, "pad": "x".repeat(padding), "tenant": {"id": id}}
        })
        .collect()
}

fn open(folder: &Path, catalog: Arc<Catalog>) -> Result<DumpSource, Error> {
    DumpSource::open(folder, Some(catalog), &mut |_| {})
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn scan(source: &DumpSource, tenant: Option<&str>) -> Vec<Document> {
    block(async {
        let catalog = source.contents.catalog.clone().unwrap();
        let tenant = tenant.map(|t| TenantId::parse(t, TenantKeyType::String).unwrap());
        let specs = plan_scans(&catalog, TableSet::from_iter([0]));
        let snapshot = source.open().await.unwrap();
        let mut stream = snapshot.scan(tenant.as_ref(), &specs[0]).await.unwrap();
        let mut found = Vec::new();
        while let Some(batch) = stream.next_batch().await.unwrap() {
            found.extend(batch.documents().map(|d| Document::from_reader(d.unwrap()).unwrap()));
        }
        snapshot.verify(&specs).await.unwrap();
        found
    })
}

#[test]
fn a_tenant_gets_its_own_documents_in_order() {
    for compressed in [false, true] {
        for (count, padding) in [(0, 0), (500, 10), (300, 20_000), (3, 3_000_000)] {
            let folder = tempfile::tempdir().unwrap();
            let all = things(count, padding);
            write(folder.path(), &all, compressed);
            let source = open(folder.path(), catalog(None, false)).unwrap();
            for tenant in ["t0", "t1", "t6", "nobody"] {
                let own: Vec<Document> = all
                    .iter()
                    .filter(|d| d.get_document("tenant").unwrap().get_str("id").unwrap() == tenant)
                    .cloned()
                    .collect();
                assert_eq!(scan(&source, Some(tenant)), own, "{tenant} {count} {padding}");
                let known = TenantId::parse(tenant, TenantKeyType::String).unwrap();
                assert_eq!(block(source.has_tenant(&known)).unwrap(), !own.is_empty());
            }
            let shared = source.with_catalog(catalog(None, true), &mut |_| {}).unwrap();
            assert_eq!(scan(&shared, None), all);
            assert_eq!(block(shared.collection_size("things")).unwrap(), all.len() as u64);
        }
    }
}

#[test]
fn other_key_types_are_nobodys_and_advised_about() {
    let folder = tempfile::tempdir().unwrap();
    let documents = [
        doc! {"_id": 1, "tenant": {"id": "t1"}},
        doc! {"_id": 2, "tenant": {"id": 1}},
        doc! {"_id": 3, "tenant": [{"id": "t1"}]},
        doc! {"_id": 4},
    ];
    write(folder.path(), &documents, false);
    let catalog = catalog(None, false);
    let source = open(folder.path(), Arc::clone(&catalog)).unwrap();
    assert_eq!(scan(&source, Some("t1")).len(), 1);
    let advice = block(source.advise(&plan_scans(&catalog, catalog.tenant_tables()))).unwrap();
    assert!(advice[0].starts_with("3 of 4 documents of things"), "{advice:?}");
}

#[test]
fn a_list_of_tenants_that_is_not_there_is_advised_about() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &things(10, 10), false);
    let mut catalog = Arc::unwrap_or_clone(catalog(None, false));
    catalog.tenants = Some(TenantList { collection: "custmers".into(), key: path("_id") });
    let catalog = Arc::new(catalog);
    let source = open(folder.path(), Arc::clone(&catalog)).unwrap();
    let advice = block(source.advise(&plan_scans(&catalog, catalog.tenant_tables()))).unwrap();
    assert_eq!(advice.len(), 1, "{advice:?}");
    assert!(advice[0].contains("custmers") && advice[0].contains("`tenants`"), "{advice:?}");
}

#[test]
fn filters_are_evaluated_here() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &things(300, 5000), false);
    let filter = Filter::Compare(path("v"), Comparison::Lt, FilterValue::Integer(5));
    let source = open(folder.path(), catalog(Some(filter), false)).unwrap();
    let ids: Vec<Bson> = scan(&source, Some("t0")).iter().map(|d| d["v"].clone()).collect();
    assert_eq!(ids, [0, 1, 2, 3, 4].map(Bson::from));
}

#[test]
fn broken_files_are_named_with_an_offset() {
    let documents = things(10, 10);
    let first = documents[0].to_vec().unwrap().len();
    let whole: Vec<u8> = documents.iter().flat_map(|d| d.to_vec().unwrap()).collect();
    let mut wrong_type = whole.clone();
    wrong_type[first + 4] = 0x42;
    let mut wrong_length = whole.clone();
    wrong_length[first + 3] = 0x7f;
    let cases = [
        (whole[..first + 2].to_vec(), "ends within a document's length"),
        (whole[..first + 20].to_vec(), "truncated"),
        (wrong_type, "unknown type"),
        (wrong_length, "no BSON document starts here"),
    ];
    for (bytes, what) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("things.bson"), bytes).unwrap();
        let error = open(folder.path(), catalog(None, false)).err().unwrap();
        let detail = error.internal.clone().unwrap();
        assert!(detail.contains("things.bson") && detail.contains(what), "{detail}");
        let at = if what == "unknown type" { first + 4 } else { first };
        assert!(detail.contains(&format!("at byte {at}:")), "{detail}");
    }
    let folder = tempfile::tempdir().unwrap();
    let many = things(2_000, 1_000);
    write(folder.path(), &many, true);
    let file = folder.path().join("things.bson.gz");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let error = open(folder.path(), catalog(None, false)).err().unwrap();
    let detail = error.internal.unwrap();
    assert!(detail.contains("things.bson.gz: at byte "), "{detail}");
    assert!(detail.ends_with(": incomplete deflate stream"), "{detail}");
    // The offset is one of the decompressed file, where the document that is not whole begins.
    let at = detail.split_once("at byte ").unwrap().1.split_once(':').unwrap().0;
    let at: usize = at.parse().unwrap();
    let mut begin = 0;
    let begins = many.iter().map(|document| {
        begin += document.to_vec().unwrap().len();
        begin
    });
    assert!(at > 0 && begins.into_iter().any(|begin| begin == at), "{detail}");
}

#[test]
fn folders_as_mongodump_writes_them() {
    let root = tempfile::tempdir().unwrap();
    let error = DumpSource::open(root.path(), None, &mut |_| {}).err().unwrap();
    assert!(error.internal.unwrap().contains("no .bson"));
    fs::create_dir(root.path().join("admin")).unwrap();
    fs::write(root.path().join("admin/system.users.bson"), b"").unwrap();
    fs::write(root.path().join("oplog.bson"), b"").unwrap();
    let shop = root.path().join("shop");
    fs::create_dir(&shop).unwrap();
    fs::write(shop.join("a%2Fb.bson"), b"").unwrap();
    write(&shop, &things(3, 0), true);
    let source = DumpSource::open(root.path(), None, &mut |_| {}).unwrap();
    assert_eq!(block(source.collections()).unwrap(), ["a/b", "things"]);
    assert_eq!(block(source.collection_size("things")).unwrap(), 3);
    fs::create_dir(root.path().join("other")).unwrap();
    fs::write(root.path().join("other/x.bson"), b"").unwrap();
    let error = DumpSource::open(root.path(), None, &mut |_| {}).err().unwrap();
    assert!(error.internal.unwrap().contains("other, shop"));
}

#[test]
fn a_sample_is_the_two_ends() {
    let folder = tempfile::tempdir().unwrap();
    let all = things(100, 0);
    write(folder.path(), &all, false);
    let source = DumpSource::open(folder.path(), None, &mut |_| {}).unwrap();
    for (ends, expected) in [(3, [&all[..3], &all[97..]].concat()), (60, all.clone())] {
        let found = block(async {
            let mut stream = source.sample("things", SampleSize::Ends(ends)).await.unwrap();
            let batch = stream.next_batch().await.unwrap().unwrap();
            assert!(stream.next_batch().await.unwrap().is_none());
            batch
                .documents()
                .map(|d| Document::from_reader(d.unwrap()).unwrap())
                .collect::<Vec<_>>()
        });
        assert_eq!(found, expected);
    }
}
