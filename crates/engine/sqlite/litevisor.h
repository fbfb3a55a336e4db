/* Looks at the deadline in the loops of SQLite's own that do nothing which the progress handler, the
** allocator or the VFS sees. SQLite includes this file first, by its compile flags
** (.cargo/config.toml): the macros below stand for functions of its that are private to it, and put
** a look before each call. Who is asked is `engine/src/gate`; without it everything is as ever.
**
** A look that says "over" need not leave a right result, only a loop that ends: the run as a whole
** ends with the error then, whatever the statement says (`engine/src/overdue.rs`).
**
** Once something here changes, the number behind -DLITEVISOR in the flags must, so that SQLite is
** built anew.
*/
#ifndef LITEVISOR_H
#define LITEVISOR_H

struct sqlite3_context;
struct sqlite3_value;

/* Set by the engine; null where it is not linked. */
int (*litevisor_gate)(int, struct sqlite3_context*, int, struct sqlite3_value**);
int (*litevisor_over)(unsigned int);

/* Steps until the engine is asked: it counts what allocates, too. */
#define LITEVISOR_STEPS 32u

/* Whether the run must end, after so many steps of a loop more. */
static inline int litevisor_steps(unsigned int steps){
  static __thread unsigned int taken = 0;
  taken += steps;
  if( taken<LITEVISOR_STEPS ) return 0;
  steps = taken;
  taken = 0;
  return litevisor_over!=0 && litevisor_over(steps);
}

/* The same for so many bytes that one loop passes over. */
static inline int litevisor_bytes(unsigned int bytes){
  return bytes>=4096 && litevisor_steps(bytes/4096);
}

/* The same for a path. json_tree() tries the next dot though this one was said to be over, so what has
** ended is told at once. */
static inline int litevisor_path(const char *path){
  return (litevisor_over!=0 && litevisor_over(0)) || litevisor_bytes((unsigned int)__builtin_strlen(path));
}

/* A macro sees a function's declaration, its definition and its calls alike. An argument tells them
** apart: its first word (or last, where that differs) is pasted to a prefix, and names a macro of two
** parts, of which the second goes before the call, for those that are meant only. */
#define LITEVISOR_SECOND(first, second, ...) second
#define LITEVISOR_BEFORE(...) LITEVISOR_SECOND(__VA_ARGS__, , )
/* The second part may want an argument. */
#define LITEVISOR_ANY(value)

/* LIKE, GLOB, json_patch and strftime are called by pointer only: the name with arguments is the definition. */
#define likeFunc(a, b, c) \
  likeFuncOwn(a, b, c); \
  static void likeFunc(a, b, c){ \
    if( !litevisor_gate || !litevisor_gate(1, context, argc, argv) ) likeFuncOwn(context, argc, argv); \
  } \
  static void likeFuncOwn(a, b, c)
#define jsonPatchFunc(a, b, c) \
  jsonPatchFuncOwn(a, b, c); \
  static void jsonPatchFunc(a, b, c){ \
    if( !litevisor_gate || !litevisor_gate(2, ctx, argc, argv) ) jsonPatchFuncOwn(ctx, argc, argv); \
  } \
  static void jsonPatchFuncOwn(a, b, c)

#define strftimeFunc(a, b, c) \
  strftimeFuncOwn(a, b, c); \
  static void strftimeFunc(a, b, c){ \
    if( !litevisor_gate || !litevisor_gate(3, context, argc, argv) ) strftimeFuncOwn(context, argc, argv); \
  } \
  static void strftimeFuncOwn(a, b, c)

/* FTS5: what highlight(), snippet() and bm25() ask for each hit. For a hit, highlight() passes over
** all that it has made so far. 9 is SQLITE_INTERRUPT. */
#define fts5ApiInst(a, b, c, d, e) \
  fts5ApiInstOwn(a, b, c, d, e); \
  static int fts5ApiInst(a, b, c, d, e){ \
    return litevisor_steps(8) ? 9 : fts5ApiInstOwn(pCtx, iIdx, piPhrase, piCol, piOff); \
  } \
  static int fts5ApiInstOwn(a, b, c, d, e)

/* FTS5: each word of a document that snippet(), highlight() or bm25() reads. */
#define fts5SentenceFinderCb(a, b, c, d, e, f) \
  fts5SentenceFinderCbOwn(a, b, c, d, e, f); \
  static int fts5SentenceFinderCb(a, b, c, d, e, f){ \
    return litevisor_steps(1) ? 9 \
        : fts5SentenceFinderCbOwn(pContext, tflags, pToken, nToken, iStartOff, iEndOff); \
  } \
  static int fts5SentenceFinderCbOwn(a, b, c, d, e, f)
#define fts5HighlightCb(a, b, c, d, e, f) \
  fts5HighlightCbOwn(a, b, c, d, e, f); \
  static int fts5HighlightCb(a, b, c, d, e, f){ \
    return litevisor_steps(1) ? 9 \
        : fts5HighlightCbOwn(pContext, tflags, pToken, nToken, iStartOff, iEndOff); \
  } \
  static int fts5HighlightCbOwn(a, b, c, d, e, f)
#define fts5ColumnSizeCb(a, b, c, d, e, f) \
  fts5ColumnSizeCbOwn(a, b, c, d, e, f); \
  static int fts5ColumnSizeCb(a, b, c, d, e, f){ \
    return litevisor_steps(1) ? 9 \
        : fts5ColumnSizeCbOwn(pContext, tflags, pUnused, nUnused, iUnused1, iUnused2); \
  } \
  static int fts5ColumnSizeCbOwn(a, b, c, d, e, f)

/* FTS5: the next position of a word, of phrases, NEAR, prefixes and vocabularies. 1 is the end. */
#define sqlite3Fts5PoslistNext64(a, b, c, d) \
  (LITEVISOR_BEFORE(c##_litevisor) sqlite3Fts5PoslistNext64(a, b, c, d))
#define i_litevisor ~, litevisor_steps(1) ? 1 :
#define iOff_litevisor i_litevisor
#define iPosOff_litevisor i_litevisor
#define po_litevisor i_litevisor

/* FTS5: the sort of a transaction's words, of which the last merge alone goes through all: SQLite's own
** but for the look, after which what is left may lack. */
#define fts5HashEntryMerge(a, b) \
  LITEVISOR_BEFORE(litevisor_merge_##a)(a, b) fts5HashEntryMerge(a, b)
#define litevisor_merge_pEntry ~, LITEVISOR_MERGED
#define litevisor_merge_pList ~, LITEVISOR_MERGED
#define litevisor_merge_Fts5HashEntry ~, LITEVISOR_MERGE,
#define LITEVISOR_MERGED(left, right) 1 ? litevisorMerge(left, right) :
#define LITEVISOR_MERGE(left, right) \
  litevisorMerge(left, right){ \
    Fts5HashEntry *pFirst = 0; \
    Fts5HashEntry **ppOut = &pFirst; \
    while( pLeft && pRight && !litevisor_steps(1) ){ \
      int nMin = pLeft->nKey<pRight->nKey ? pLeft->nKey : pRight->nKey; \
      int cmp = memcmp(fts5EntryKey(pLeft), fts5EntryKey(pRight), nMin); \
      Fts5HashEntry **ppLess = 0; \
      if( cmp==0 ) cmp = pLeft->nKey - pRight->nKey; \
      ppLess = cmp>0 ? &pRight : &pLeft; \
      *ppOut = *ppLess; \
      ppOut = &(*ppLess)->pScanNext; \
      *ppLess = *ppOut; \
    } \
    *ppOut = pLeft ? pLeft : pRight; \
    return pFirst; \
  } \
  static Fts5HashEntry *

/* FTS5: `tokenchars` and `separators`, which are sorted by their square. 1 is an error. Ten thousand
** characters take some tens of milliseconds; a real tokenizer names a few. */
#define fts5UnicodeAddExceptions(a, b, c) \
  (LITEVISOR_BEFORE(litevisor_characters_##b) fts5UnicodeAddExceptions(a, b, c))
#define litevisor_characters_zArg ~, strlen(zArg)>LITEVISOR_CHARACTERS_BYTES ? 1 :
#define LITEVISOR_CHARACTERS_BYTES 20000

/* JSON: an edit moves all that follows it. What is not done counts as a lack of memory. */
#define jsonBlobEdit(a, b, c, d, e) \
  (LITEVISOR_BEFORE(litevisor_edit_##a) jsonBlobEdit(a, b, c, d, e))
#define litevisor_edit_pParse ~, litevisor_bytes(pParse->nBlob) ? (void)(pParse->oom = 1) :

/* JSON: the next element of an array or object. 0 means that it is malformed. */
#define jsonbPayloadSizeSemiInline(a, b, c) \
  (LITEVISOR_BEFORE(litevisor_json_##a) jsonbPayloadSizeSemiInline(a, b, c))
#define litevisor_json_pParse ~, litevisor_steps(1) ? 0 :

/* JSON: the next element of a blob that is checked. Anything but 0 is where it is malformed. */
#define jsonbValidityCheck(a, b, c, d) \
  (LITEVISOR_BEFORE(litevisor_valid_##b) jsonbValidityCheck(a, b, c, d))
#define litevisor_valid_j ~, litevisor_steps(1) ? 1 :

/* JSON: a path, which json_tree() tries at each of its dots. All bits set mean an error. */
#define jsonLookupStep(a, b, c, d) \
  (LITEVISOR_BEFORE(litevisor_path_##d, LITEVISOR_ANY)(c) jsonLookupStep(a, b, c, d))
#define litevisor_path_0 ~, LITEVISOR_PATH
#define LITEVISOR_PATH(path) litevisor_path(path) ? 0xffffffffu :

/* The planner: the next of all earlier aggregates, columns or terms that an expression is held
** against, so by the square of a list. 0 means that they are alike. */
#define sqlite3ExprCompare(a, b, c, d) \
  (LITEVISOR_BEFORE(litevisor_alike_##a) sqlite3ExprCompare(a, b, c, d))
#define litevisor_alike_0 ~, litevisor_steps(1) ? 0 :

/* Comparisons of two long texts or blobs. */
#define vdbeCompareMemString(a, b, c, d) \
  (LITEVISOR_BEFORE(litevisor_compare_##c) vdbeCompareMemString(a, b, c, d))
#define litevisor_compare_pColl ~, litevisor_bytes(pMem1->n) ? 0 :
#define litevisor_compare_pKeyInfo ~, litevisor_bytes(mem1.n) ? 0 :,
#define sqlite3BlobCompare(a, b) \
  (LITEVISOR_BEFORE(litevisor_blob_##a) sqlite3BlobCompare(a, b))
#define litevisor_blob_pMem1 ~, litevisor_bytes(pMem1->n) ? 0 :,

/* The text that a function asks for, and passes over. Null is what it gets where memory is lacking. */
#define sqlite3ValueText(a, b) \
  (LITEVISOR_BEFORE(litevisor_text_##b, LITEVISOR_ANY)(a) sqlite3ValueText(a, b))
#define litevisor_text_SQLITE_UTF8 ~, LITEVISOR_TEXT
#define LITEVISOR_TEXT(value) \
  (value) && ((value)->flags & (MEM_Str|MEM_Blob)) && litevisor_bytes((value)->n) ? 0 :

/* The number in a text, which may be all digits. */
#define sqlite3MemRealValueRC(a, b) \
  (LITEVISOR_BEFORE(litevisor_real_##a, LITEVISOR_ANY)(b) sqlite3MemRealValueRC(a, b))
#define litevisor_real_pMem ~, LITEVISOR_REAL_OF_MEM
#define litevisor_real_pRec ~, LITEVISOR_REAL_OF_REC
#define LITEVISOR_REAL_OF_MEM(out) litevisor_bytes(pMem->n) ? (*(out) = 0.0, 0) :
#define LITEVISOR_REAL_OF_REC(out) litevisor_bytes(pRec->n) ? (*(out) = 0.0, 0) :
#define memIntValue(a) (LITEVISOR_BEFORE(litevisor_int_##a) memIntValue(a))
#define litevisor_int_pMem ~, litevisor_bytes(pMem->n) ? 0 :

#endif
