/* Tasks: leases, fences, the three effect classes, and an older copy of the store that is put back.

   One task, because tasks share nothing; its class is chosen at the start. A call of the store is one step, as the
   contract says; its answer may be lost, and a worker may be killed between any two steps. There is no clock: a lease
   may be over at any moment, and its holder does not notice. README.md says what each assertion stands for; the
   mutants (-DNO_FENCE and so on) must each break one. */

#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef LEASES
#define LEASES 5        /* So often the task is handed out at most, counted over restores. */
#endif

mtype:class = { idempotent, queryable, blind }
mtype:stand = { waiting, leased, parked, ended }
mtype:said  = { nothing, sent, not_sent, unanswered }
mtype:place = { idle, holding, calling, heard }

/* The store's row of the task, and an older copy of it. */
typedef Row {
  mtype:stand stand = waiting;
  byte attempt;
  byte epoch;
  mtype:said recorded = nothing
}
Row row, copy;

/* What a worker knows; gone when it is killed. */
typedef Worker {
  mtype:place place = idle;
  byte attempt;
  byte epoch;
  byte ticket;
  mtype:said answer = nothing
}
Worker workers[WORKERS];

mtype:class class;
byte effects;           /* How often the effect reached the outside. No restore takes that back. */
byte tickets;           /* For the assertions alone: how often the task was handed out, in truth. */

bool on_its_way;        /* A variable of one step; false between steps. */

#define me workers[_pid - 1]

inline forget(w) {
  workers[w].place = idle; workers[w].attempt = 0; workers[w].epoch = 0; workers[w].ticket = 0;
  workers[w].answer = nothing
}

/* Whether the store hears this worker: commit.done and settle look for the row "leased under this epoch". */
#ifdef NO_FENCE
#define fenced (row.stand != leased)
#else
#define fenced (row.stand != leased || row.epoch != me.epoch)
#endif

/* Due, or leased: a lease may be over at any moment. */
#define can_lease (row.stand == waiting || row.stand == leased)

/* Store::lease: due, or its lease is over. Epoch and attempt are higher, and durable, before it answers. */
inline lease() {
  tickets++;
  row.stand = leased; row.epoch++; row.attempt++;
  me.place = holding; me.epoch = row.epoch; me.attempt = row.attempt; me.ticket = tickets;
#ifdef ATTEMPT_LATE
  row.attempt--         /* Counted only when the worker gives the task back. */
#endif
}

/* Store::settle: given back, or parked. */
inline give_back(where) {
  if
  :: fenced -> skip
  :: else ->
     row.stand = where;
#ifdef ATTEMPT_LATE
     row.attempt = me.attempt
#endif
  fi;
  forget(_pid - 1)
}

/* The commit that records what came of it, and ends the task in the same transaction. */
inline record() {
  if
  :: fenced -> skip
  :: else ->
     assert(me.ticket == tickets);                                    /* LATEST */
     assert(me.answer != sent || effects > 0);                        /* TRUE */
     assert(me.answer != not_sent || effects == 0);                   /* TRUE */
     assert(class != idempotent || effects > 0);                      /* AT_LEAST_ONCE */
     row.recorded = me.answer;
     if
     :: class == queryable && me.answer == unanswered ->
        /* In doubt: the task that follows asks and never sends. It goes on in this row, whose attempt is above 1. */
        row.stand = waiting
     :: else -> row.stand = ended
     fi
  fi;
  forget(_pid - 1)
}

/* The effect reaches the outside. */
inline effect() {
  effects++;
  assert(class == idempotent || effects == 1);                        /* AT_MOST_ONCE */
  assert(row.recorded != not_sent)                                    /* TRUE */
}

/* Whether the first attempt may still be on its way: its worker lives and has not heard an answer. */
inline look_who_calls() {
  on_its_way = false;
  for (i : 0 .. WORKERS - 1) {
    if
    :: workers[i].place == calling || (workers[i].place == holding && workers[i].attempt == 1) -> on_its_way = true
    :: else -> skip
    fi
  };
  i = 0
}

active proctype begin() {
  byte w;
  atomic {
    if
    :: class = idempotent
    :: class = queryable
    :: class = blind
    fi
  };
  /* The keeper of copies: takes one at any moment, and puts it back at any later one. */
  atomic {
    copy.stand = row.stand; copy.attempt = row.attempt; copy.epoch = row.epoch; copy.recorded = row.recorded
  };
  atomic {
#ifndef RESTORE_ALIVE
    /* Nobody who worked on the newer store goes on with the older one; a call that was out may still arrive. */
    for (w : 0 .. WORKERS - 1) {
      if
      :: workers[w].place == calling -> effect()
      :: true
      fi;
      forget(w)
    };
    w = 0;
#endif
    row.stand = copy.stand; row.attempt = copy.attempt; row.epoch = copy.epoch; row.recorded = copy.recorded;
#ifndef RESTORE_FORGETS
    /* Whatever the copy says, somebody may have begun after it was taken. */
    row.attempt++
#endif
  }
}

active [WORKERS] proctype worker() {
  byte i;
  do
  :: atomic { me.place == idle && class && tickets < LEASES && can_lease -> lease() }

  :: atomic { me.place == holding ->
       if
       :: class == idempotent || me.attempt == 1 -> me.place = calling
       :: class == queryable && me.attempt > 1 ->
          look_who_calls();
          if
          :: effects > 0 -> me.answer = sent
#ifdef NO_SETTLE
          :: effects == 0 -> me.answer = not_sent
#else
          /* "No trace" is believed only when nothing can be on its way any more: the one bound in time. */
          :: effects == 0 && !on_its_way -> me.answer = not_sent
#endif
          :: me.answer = unanswered
          fi;
          on_its_way = false;
          me.place = heard
       :: class == blind && me.attempt > 1 -> me.answer = unanswered; me.place = heard
       fi }

  /* The effect happens; its answer may be lost. */
  :: atomic { me.place == calling ->
       effect();
       if
       :: me.answer = sent
       :: me.answer = unanswered
       fi;
       me.place = heard }

  :: atomic { me.place == heard && (class != idempotent || me.answer == sent) -> record() }
#ifdef RECORD_FIRST
  :: atomic { me.place == holding && class == idempotent -> record() }
#endif

  /* A fault of our own, before or after the call; or no answer to an idempotent one. */
  :: atomic { me.place == holding || me.place == heard -> give_back(waiting) }
  :: atomic { me.place == holding || me.place == heard -> give_back(parked) }

  /* Killed. Where it was calling, the effect may happen all the same: see above, with the answer lost. */
  :: atomic { me.place != idle -> forget(_pid - 1) }

  /* Somebody makes a parked task wait again. */
  :: atomic { row.stand == parked && tickets < LEASES -> row.stand = waiting }
  od
}
