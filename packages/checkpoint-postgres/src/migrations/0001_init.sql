-- One row per thread. Every put locks its row, so a thread's checkpoints commit in the order of their commit_order.
create table :schema.thread (
  thread_key bigint generated always as identity primary key,
  -- Grows when segments of the thread are deleted: whoever wants to refer to segments it read before must find it unchanged.
  epoch bigint not null default 0,
  created_at timestamptz not null default now(),
  thread_id text collate "C" not null unique
);

-- The order of commits, for the whole schema; taken while holding the thread's lock.
create sequence :schema.commit_order as bigint;

create table :schema.checkpoint (
  thread_key bigint not null references :schema.thread on delete cascade,
  commit_order bigint not null,
  checkpoint_ns text collate "C" not null,
  checkpoint_id bytea not null,
  parent_id bytea,
  -- Channels whose value is a delta channel's snapshot, where there are any: a walk along the ancestors can stop here.
  snapshots text[],
  metadata jsonb not null,
  -- Segments that the record points to, null for none.
  links uuid[],
  record bytea not null,
  -- The call that wrote the row last, and calls of other processes that it replaced: an earlier try of one of them, delivered late, changes nothing.
  last_call bigint not null,
  replaced_calls bigint[],
  primary key (thread_key, checkpoint_ns, checkpoint_id)
);
-- Records are compressed already, mostly short, and read whole.
alter table :schema.checkpoint alter column record set storage external;
create unique index checkpoint_commit_order on :schema.checkpoint (thread_key, checkpoint_ns, commit_order);

-- Immutable runs of bytes under a hash of their content.
create table :schema.segment (
  thread_key bigint not null references :schema.thread on delete cascade,
  -- The first 128 bits of a hash of links and content; a uuid because that is Postgres' type of 16 bytes.
  segment_id uuid not null,
  links uuid[],
  body bytea not null,
  primary key (thread_key, segment_id)
);
alter table :schema.segment alter column body set storage external;

create sequence :schema.write_arrival as bigint;

-- No reference to checkpoint: writes may arrive before the checkpoint they belong to.
create table :schema.pending_write (
  thread_key bigint not null references :schema.thread on delete cascade,
  -- One number for the slots of one batch.
  arrival bigint not null,
  -- The number of the call that made them, where LangGraph gives no task path.
  call bigint,
  slot integer not null,
  checkpoint_ns text collate "C" not null,
  checkpoint_id bytea not null,
  task_id bytea not null,
  -- Null where LangGraph gives none; the empty path is another thing.
  task_path text,
  links uuid[],
  payload bytea not null,
  -- As in checkpoint, of slots that can be replaced.
  last_call bigint,
  replaced_calls bigint[],
  primary key (thread_key, checkpoint_ns, checkpoint_id, task_id, slot)
);
alter table :schema.pending_write alter column payload set storage external;
