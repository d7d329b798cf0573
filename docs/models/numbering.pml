/* Numbering: writers, several sequencers, a compare-and-swap on the head, and an older copy that is put back.

   The store does not trust a sequencer: what it lists may be old, mixed up, or twice the same. Numbers are counted
   from the head that the caller names, as a database does that locks nothing but the head's row; what makes this safe
   is the comparison. A call is one step; its answer may be lost, which here is the same as being killed after it:
   the next round begins with reading the head. README.md says what each assertion stands for. */

#ifndef SEQUENCERS
#define SEQUENCERS 2
#endif
#define CASES 2
#define VERSIONS 3
#define ENTRIES 6       /* CASES * VERSIONS */

/* Entry e is the version e % VERSIONS + 1 of the case e / VERSIONS. */
#define first_of_case(e) ((e) % VERSIONS == 0)

typedef Store {
  byte version[CASES];
  bool pending[ENTRIES];
  byte number[ENTRIES];   /* 0: none yet. */
  byte deliveries[ENTRIES];
  byte head
}
Store store, copy;

/* A sequencer between reading the head and giving numbers; gone when it is killed. Its list need not be kept: since
   the store trusts none, any list at all is tried at the moment of the call. */
typedef Round { bool begun; byte head }
Round rounds[SEQUENCERS];
#define me rounds[_pid - 2]

inline put(from, to) {
  for (i : 0 .. CASES - 1) { to.version[i] = from.version[i] };
  for (i : 0 .. ENTRIES - 1) {
    to.pending[i] = from.pending[i]; to.number[i] = from.number[i]; to.deliveries[i] = from.deliveries[i]
  };
  to.head = from.head;
  i = 0
}

/* What must hold after every step that gives numbers. */
inline check() {
  for (i : 0 .. ENTRIES - 1) {
    assert(store.number[i] <= store.head);                                           /* CONTIGUOUS */
    assert(store.deliveries[i] == (store.number[i] > 0));                            /* ONCE */
    assert(store.number[i] == 0 || first_of_case(i) ||
           (store.number[i - 1] > 0 && store.number[i - 1] < store.number[i]));      /* CASE_ORDER */
    if
    :: store.number[i] > 0 -> given++
    :: else -> skip
    fi;
    for (j : 0 .. ENTRIES - 1) {
      assert(i == j || store.number[i] == 0 || store.number[i] != store.number[j])   /* CONTIGUOUS */
    }
  };
  assert(given == store.head);                                                       /* CONTIGUOUS */
  given = 0; i = 0; j = 0
}

/* The keeper of copies takes one at any moment and puts it back at any later one. Sequencers and writers go on as if
   nothing had happened: numbering needs nobody to stop. */
active proctype keeper() {
  byte i;
  atomic { put(store, copy) };
  atomic { put(copy, store) }
}

/* Writers: an entry is committed only as the next version of its case, and is pending from then on. That two writers
   meet is decided by the version; one of them then reads anew, so one process stands for all. */
active proctype writer() {
  do
  :: atomic { store.version[0] < VERSIONS -> store.pending[store.version[0]] = true; store.version[0]++ }
  :: atomic { store.version[1] < VERSIONS -> store.pending[VERSIONS + store.version[1]] = true; store.version[1]++ }
  od
}

/* Whether an entry can't have its number now, beside `other`, which stands before it in the list. */
#ifdef NO_PENDING
#define not_pending(e) false
#else
#define not_pending(e) (!store.pending[e])
#endif
#ifdef NO_ORDER
#define too_early(e, other) false
#else
#define too_early(e, other) (!first_of_case(e) && store.pending[e - 1] && other != e - 1)
#endif
#ifdef NO_CAS
#define head_moved false
#else
#define head_moved (store.head != me.head)
#endif

/* Store::number. Every check comes before the first change. */
inline give_numbers() {
  if
  :: head_moved -> skip
  :: else ->
     if
     :: not_pending(one) || too_early(one, ENTRIES) -> skip
     :: else ->
        if
        :: two == ENTRIES -> give(one, 1); store.head = me.head + 1
        :: two != ENTRIES && (not_pending(two) || two == one || too_early(two, one)) -> skip
        :: two != ENTRIES && !(not_pending(two) || two == one || too_early(two, one)) ->
           give(one, 1); give(two, 2); store.head = me.head + 2
        fi;
        check()
     fi
  fi
}

inline give(e, step) {
  store.pending[e] = false; store.number[e] = me.head + step; store.deliveries[e]++
}

active [SEQUENCERS] proctype sequencer() {
  byte i, j, given, one, two;
  do
  /* Reads the head, then what is pending; between the two, and afterwards, everything may change. */
  :: atomic { !me.begun -> me.begun = true; me.head = store.head }
  :: atomic { me.begun ->
       select(one : 0 .. ENTRIES - 1);
       select(two : 0 .. ENTRIES);      /* ENTRIES: a list of one. */
       give_numbers();
       me.begun = false; me.head = 0; one = 0; two = 0 }
  /* Killed. */
  :: atomic { me.begun -> me.begun = false; me.head = 0 }
  od
}
