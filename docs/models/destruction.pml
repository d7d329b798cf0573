/* Destruction: the journal first, then wrapped keys, blobs and the store's mark; caches; copies that are put back.

   Each subject has one key, one blob and one row that names it. The program may be killed between any two steps; what
   it knows is gone then, and the next start follows the journal. While it is down, older copies of the stores may be
   put in their place, together or the keys alone, and the journal may be lost. A record of the journal is there whole
   or not at all: a torn line is cut off at the next start and was never acknowledged. README.md says what each
   assertion stands for. */

#ifndef SUBJECTS
#define SUBJECTS 2
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef RESTORES
#define RESTORES 2
#endif
#define RECORDS (SUBJECTS + 2)  /* The first record destroys nothing, and counting begins at 1. */

mtype:key   = { absent, live, gone }
mtype:power = { down, following, open }
mtype:place = { out, looking, found }

/* On disk. `journal` is how many records there are in truth, `file` how many stand in the file that lies there. */
typedef Keys  { mtype:key key[SUBJECTS] = absent; byte mark = 1 }
typedef Rows  { bool named[SUBJECTS]; bool refused[SUBJECTS]; byte mark = 1 }
typedef Blobs { bool there[SUBJECTS] }
Keys keys, keys_copy;
Rows rows, rows_copy;
Blobs blobs, blobs_copy;
byte whose[RECORDS];            /* Record n destroys the subject whose[n]. */
byte journal = 1, file = 1, journal_copy;
bool rows_copied, keys_copied, blobs_copied;
byte restores;

/* In the program's memory. */
mtype:power power = following;
bool cached[SUBJECTS];
byte generation;
byte next = 2;                  /* The first record that is to be followed. */
byte stage;                     /* How far its following is. */
bool asked;                     /* Somebody waits for the answer to a destruction. */
bool gate_read, gate_write;
typedef Reader { mtype:place place = out; byte subject; byte generation; bool late }
Reader readers[READERS];
#define me readers[_pid - 3]
typedef Writer { mtype:place place = out; byte subject; bool blob }
Writer w;

/* For the assertions alone. */
bool acknowledged[SUBJECTS];
bool keys_alone;                /* The keys were put back without the store: what was newer is lost. */

/* After the acknowledgement nothing of the subject is left, and nothing comes anew. */
inline nothing_left(whom) {
  assert(!acknowledged[whom] || (!rows.named[whom] && !blobs.there[whom]))                   /* NOTHING_LEFT */
}

inline forget_cached(whom) {
#ifndef NO_GENERATION
  generation++;
#endif
  cached[whom] = false
}

inline kill() {
  power = down; generation = 0; next = 0; stage = 0; asked = false; gate_read = false; gate_write = false;
  for (i : 0 .. SUBJECTS - 1) { cached[i] = false };
  for (i : 0 .. READERS - 1) {
    readers[i].place = out; readers[i].subject = 0; readers[i].generation = 0; readers[i].late = false
  };
  w.place = out; w.subject = 0; w.blob = false;
  i = 0
}

inline append(whom) { journal++; file = journal; whose[journal] = whom }

/* The order in which one record is followed. */
#define GATE 0
#define KEYS 1
#define FORGET 2
#ifdef MARK_FIRST
#define MARK 3
#define BLOBS 4
#else
#define BLOBS 3
#define MARK 4
#endif
#define FOLLOWED 5

active proctype program() {
  byte s;
  do
  /* Ledger::destroy: the journal first. */
#ifndef JOURNAL_LAST
  :: atomic { power == open && !asked && next > file && file < SUBJECTS + 1 ->
       select(s : 0 .. SUBJECTS - 1);
       append(s); asked = true;
#ifdef ACK_EARLY
       acknowledged[s] = true;
#endif
       s = 0 }
#else
  :: atomic { power == open && !asked && next > file && file < SUBJECTS + 1 ->
       select(s : 0 .. SUBJECTS - 1);
       whose[file + 1] = s; asked = true; next = file + 1; s = 0 }
#endif
  :: atomic { power != down && (next <= file || asked) && stage == GATE && !gate_read && !gate_write ->
       gate_write = true; forget_cached(whose[next]); stage = KEYS }
  :: atomic { power != down && stage == KEYS ->
       keys.key[whose[next]] = gone;
       if
       :: keys.mark < next -> keys.mark = next
       :: else -> skip
       fi;
       stage = FORGET }
  /* A reader may have put the key back between the two. */
  :: atomic { power != down && stage == FORGET ->
#ifndef FORGET_ONCE
       forget_cached(whose[next]);
#endif
       stage = 3 }
  :: atomic { power != down && stage == BLOBS -> blobs.there[whose[next]] = false; stage++ }
  :: atomic { power != down && stage == MARK ->
       rows.named[whose[next]] = false; rows.refused[whose[next]] = true;
       if
       :: rows.mark < next -> rows.mark = next
       :: else -> skip
       fi;
       stage++ }
  :: atomic { power != down && stage == FOLLOWED ->
#ifdef JOURNAL_LAST
       if
       :: next > file -> append(whose[next])
       :: else -> skip
       fi;
#endif
       if
       :: asked && next == file -> asked = false; acknowledged[whose[next]] = true; nothing_left(whose[next])
       :: else -> skip
       fi;
       stage = GATE; gate_write = false; next++ }
  /* What was in the journal is finished now, also where nobody heard the answer. */
  :: atomic { power == following && next > file && stage == GATE ->
       for (s : 2 .. file) { acknowledged[whose[s]] = true; nothing_left(whose[s]) };
       s = 0; power = open }
  od
}

/* Ledger::open: what the stores remember decides whether this is the journal, and where following begins. */
#define furthest (keys.mark > rows.mark -> keys.mark : rows.mark)
#define behind   (keys.mark < rows.mark -> keys.mark : rows.mark)
inline start() {
  if
  :: file < furthest ->
#ifdef NO_REFUSAL
     /* Opens all the same, with the journal that is there or a new one. */
     file = (file == 0 -> 1 : file); journal = file; next = file + 1; power = following
#else
     assert(file != journal);                                                        /* OPENS */
     file = journal       /* Stays shut until somebody brings the journal. */
#endif
  :: else ->
#ifdef NO_REPLAY
     next = furthest + 1;
#else
     next = behind + 1;
#endif
     power = following
  fi
}

/* A copy of the store first, of keys and blobs after it: what the store names is then there. */
#define all_copied (rows_copied && keys_copied && blobs_copied)
#ifdef KEYS_FIRST
#define rows_turn keys_copied
#define keys_turn true
#define blobs_turn rows_copied
#elif defined(BLOBS_FIRST)
#define rows_turn blobs_copied
#define keys_turn rows_copied
#define blobs_turn true
#else
#define rows_turn true
#define keys_turn rows_copied
#define blobs_turn rows_copied
#endif

/* Kills and starts the program, copies the stores and puts the copies back. */
active proctype keeper() {
  byte i;
  do
  :: atomic { power != down -> kill() }
  :: atomic { power == down -> start() }

  :: atomic { !rows_copied && rows_turn ->
       rows_copied = true;
       for (i : 0 .. SUBJECTS - 1) {
         rows_copy.named[i] = rows.named[i]; rows_copy.refused[i] = rows.refused[i]
       };
       rows_copy.mark = rows.mark; i = 0;
#ifdef JOURNAL_COPIED
       journal_copy = journal
#endif
     }
  :: atomic { !keys_copied && keys_turn ->
       keys_copied = true;
       for (i : 0 .. SUBJECTS - 1) { keys_copy.key[i] = keys.key[i] };
       keys_copy.mark = keys.mark; i = 0 }
  :: atomic { !blobs_copied && blobs_turn ->
       blobs_copied = true;
       for (i : 0 .. SUBJECTS - 1) { blobs_copy.there[i] = blobs.there[i] };
       i = 0 }

  /* The keys alone, or all three; never together with an older copy of the journal. */
  :: atomic { power == down && restores < RESTORES && (file == journal || file == 0) && all_copied ->
       restores++;
       for (i : 0 .. SUBJECTS - 1) { keys.key[i] = keys_copy.key[i] };
       keys.mark = keys_copy.mark;
       if
       :: keys_alone = true
       :: keys_alone = false;
          for (i : 0 .. SUBJECTS - 1) {
            rows.named[i] = rows_copy.named[i]; rows.refused[i] = rows_copy.refused[i];
            blobs.there[i] = blobs_copy.there[i]
          };
          rows.mark = rows_copy.mark;
#ifdef JOURNAL_COPIED
          journal = journal_copy; file = journal_copy;
#endif
       fi;
       i = 0 }

  /* The journal is lost, or an older one lies in its place while the stores know of a newer. */
  :: atomic { power == down && file == journal -> file = 0 }
  :: atomic { power == down && file == journal && file > 1 && furthest == file -> file-- }
  od
}

/* Makes a key, and seals under it: a blob, then the commit that names it. Holds the gate for reading throughout. */
active proctype writer() {
  byte s;
  do
  :: atomic { power == open && w.place == out ->
       /* Ledger::open_subject: a destroyed key is not made again. */
       select(s : 0 .. SUBJECTS - 1);
       if
       :: keys.key[s] == absent -> keys.key[s] = live
       :: else -> skip
       fi;
       s = 0 }
  :: atomic { power == open && w.place == out && !gate_write ->
       select(s : 0 .. SUBJECTS - 1);
       if
       :: cached[s] || keys.key[s] == live -> w.place = found; w.subject = s
       :: else -> skip
       fi;
#ifndef NO_GATE
       gate_read = (w.place == found);
#endif
       s = 0 }
  :: atomic { power == open && w.place == found && !w.blob ->
       blobs.there[w.subject] = true; w.blob = true; nothing_left(w.subject) }
  :: atomic { power == open && w.place == found && w.blob ->
       if
       :: !rows.refused[w.subject] -> rows.named[w.subject] = true; nothing_left(w.subject)
       :: else -> skip
       fi;
       gate_read = false; w.place = out; w.subject = 0; w.blob = false }
  od
}

inline read() {
  assert(!me.late)                                                                   /* NEVER_AGAIN */
}

active [READERS] proctype reader() {
  byte s;
  do
  /* Vault::key: the cache, else the file; into the cache only if no destruction came between. */
  :: atomic { power == open && me.place == out ->
       select(s : 0 .. SUBJECTS - 1);
       me.late = acknowledged[s];
       if
       :: cached[s] -> read(); me.late = false
       :: else -> me.place = looking; me.subject = s; me.generation = generation
       fi;
       s = 0 }
  :: atomic { power == open && me.place == looking ->
       /* The row was sealed under a key, so the key is there or was destroyed. */
       assert(!rows.named[me.subject] || keys.key[me.subject] != absent || keys_alone); /* KEY_THERE */
       if
       :: keys.key[me.subject] == live -> me.place = found
       :: else -> me.place = out; me.subject = 0; me.generation = 0; me.late = false
       fi }
  :: atomic { power == open && me.place == found ->
       if
       :: me.generation == generation -> cached[me.subject] = true
       :: else -> skip
       fi;
       read();
       me.place = out; me.subject = 0; me.generation = 0; me.late = false }
  od
}
