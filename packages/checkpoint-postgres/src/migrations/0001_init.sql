-- One row for each thread. Every put locks its row, so a thread's checkpoints commit in the order of their commit_order.
create table :schema.thread (
  thread_key bigint generated always as identity primary key,
  -- Grows when segments of the thread are deleted: whoever wants to refer to segments it read before must find it unchanged.
  epoch bigint not null default 0,
  -- Counts the commits of savers with onConflict "reject": whoever waited for the thread's lock sees that the thread has moved.
  commits bigint not null default 0,
  created_at timestamptz not null default now(),
  -- When something was written last, to the minute: so a run touches this row, and its index, once a minute and not at each put. In milliseconds, like the
  -- dates of JavaScript that listings are continued by.
  updated_at timestamptz not null default date_trunc('milliseconds', now()),
  -- When a sweep looked at it last.
  swept_at timestamptz,
  -- When the lease ends; null where it was released. In the past: its holder crashed, or stalled.
  lease_until timestamptz,
  -- Of the request that took the lease: when its answer was lost, the same request finds that it has the lease already.
  lease_request uuid,
  -- How many leases in a row ended without a release.
  lease_tries integer not null default 0,
  -- Whose it is: 0 in a store that is not divided into tenants.
  tenant integer not null default 0,
  -- Of its rows, and of what stands in them. Code that does not know it leaves the thread alone.
  format smallint not null default 1,
  -- Of the last lease: a count, and 18 random digits. A store that has forgotten a lease counts on from before it.
  lease_token numeric,
  lease_owner text,
  -- The key of the run that has the lease, or whose lease ended without a release.
  lease_run text collate "C",
  -- Of the lease under which the thread is copied from another saver; null once all of it is here. Until then it is out of sight.
  migration_token numeric,
  -- A deleted thread that is too large to go in one statement has no id: nobody sees it, and its rows are taken away by and by.
  thread_id text collate "C",
  -- What its runs last said of themselves, but for their ids.
  labels jsonb,
  -- The leases that were ended before their time, the last first: count (lease), kind, reason, owner, at, and the request that did it. So their holders learn why.
  lease_ends jsonb,
  -- The ids of the checkpoints that were pruned last, for writes to one of them that come later; and of each of them, the call that wrote it last.
  pruned bytea[],
  pruned_calls bigint[],
  -- By the id first, so that whoever looks for a thread without saying a tenant finds it by this index, too.
  unique (thread_id, tenant)
);
create index thread_updated_at on :schema.thread (updated_at, thread_id) where thread_id is not null;
create index thread_labels on :schema.thread using gin (labels jsonb_path_ops) where labels is not null;
create index thread_without_id on :schema.thread (thread_key) where thread_id is null;
-- Threads whose lease has ended without a release.
create index thread_lease_until on :schema.thread (lease_until) where lease_until is not null;

-- Ends a statement that comes upon a thread in a format which its program does not know.
create function :schema.refuse_format(format smallint) returns boolean
language plpgsql stable parallel safe
as $$
begin
  raise exception using errcode = 'ZF001', message = pg_catalog.format('this thread was written in format %s by a newer version of Holdfast', format);
end
$$;

-- The order of commits, for the whole schema; taken while holding the thread's lock.
create sequence :schema.commit_order as bigint;

-- Of a short conversation, more than half of what is stored are rows rather than content: fixed widths come first, and what is usual is short.
create table :schema.checkpoint (
  thread_key bigint not null references :schema.thread on delete cascade,
  commit_order bigint not null,
  committed_at timestamptz not null default now(),
  -- The call that wrote the row last: an earlier try of it, delivered late, changes nothing.
  last_call bigint not null,
  -- Of the lease under which the checkpoint was made, the part of its token that is counted; null without one.
  lease bigint,
  -- What LangGraph's loop says of a checkpoint: where it came from (i, l, u, f: input, loop, update, fork), its step, and no parents. Such metadata is null and
  -- stands here, 5 bytes in place of 66.
  step integer,
  source "char",
  -- Pruned, but others are read by its help: a delta channel is rebuilt from its writes.
  is_hidden boolean not null default false,
  checkpoint_ns text collate "C" not null,
  checkpoint_id bytea not null,
  parent_id bytea,
  -- Channels whose value is a delta channel's snapshot, where there are any: a walk along the ancestors can stop here.
  snapshots text[],
  metadata jsonb,
  labels jsonb,
  -- Segments that the record points to: ids one after the other, 16 bytes each; null for none. The header of an array is 20 bytes more.
  links bytea,
  record bytea not null,
  -- Calls of other processes that it replaced.
  replaced_calls bigint[],
  primary key (thread_key, checkpoint_ns, checkpoint_id),
  constraint checkpoint_metadata check (metadata is not null or (source is not null and step is not null))
);
-- Records are compressed already, mostly short, and read whole.
alter table :schema.checkpoint alter column record set storage external;
create unique index checkpoint_commit_order on :schema.checkpoint (thread_key, checkpoint_ns, commit_order);
create index checkpoint_run_id on :schema.checkpoint ((labels->>'run_id')) where labels ? 'run_id';

-- Immutable runs of bytes under a hash of their content.
create table :schema.segment (
  thread_key bigint not null references :schema.thread on delete cascade,
  -- The first 128 bits of a hash of links and content; a uuid because that is Postgres' type of 16 bytes.
  segment_id uuid not null,
  links bytea,
  body bytea not null,
  primary key (thread_key, segment_id)
);
alter table :schema.segment alter column body set storage external;

-- Runs that have an idempotency key. What they have written is told by their leases, so that no put has to change this row.
create table :schema.run (
  thread_key bigint not null references :schema.thread on delete cascade,
  -- Null: kept as long as the thread.
  expires_at timestamptz,
  run_key text collate "C" not null,
  -- SHA-256 of the input.
  input bytea not null,
  -- The counted parts of the tokens of its leases, the last one last.
  leases bigint[] not null,
  -- What it came to: the checkpoint that it ended at, and what that does not tell. Null while it goes on, and when it failed.
  checkpoint_id bytea,
  outcome text,
  primary key (thread_key, run_key)
);

create sequence :schema.write_arrival as bigint;

-- No reference to checkpoint: writes may arrive before the checkpoint they belong to.
create table :schema.pending_write (
  thread_key bigint not null references :schema.thread on delete cascade,
  -- One number for the slots of one batch.
  arrival bigint not null,
  -- The number of the call that made them, where LangGraph gives no task path.
  call bigint,
  -- As in checkpoint, of slots that can be replaced.
  last_call bigint,
  -- Of the lease under which the slot was written last.
  lease bigint,
  slot integer not null,
  checkpoint_ns text collate "C" not null,
  checkpoint_id bytea not null,
  task_id bytea not null,
  -- Null where LangGraph gives none; the empty path is another thing.
  task_path text,
  -- The run that wrote them.
  run_id text,
  links bytea,
  payload bytea not null,
  replaced_calls bigint[],
  -- What stood in the slot when another lease replaced it last: a rollback of that lease puts it back.
  replaced_lease bigint,
  replaced_run_id text,
  replaced_links bytea,
  replaced_payload bytea,
  primary key (thread_key, checkpoint_ns, checkpoint_id, task_id, slot)
);
alter table :schema.pending_write alter column payload set storage external, alter column replaced_payload set storage external;
create index pending_write_run_id on :schema.pending_write (run_id) where run_id is not null;

-- What is left of a deleted thread for a day: the ids of its newest checkpoints, so that a run which is still going on cannot bring a part of it back.
create table :schema.tombstone (
  -- SHA-256 of the thread's id: the id itself is gone.
  thread_hash bytea primary key,
  deleted_at timestamptz not null default now(),
  checkpoints bytea[] not null,
  -- Of each of them, a call that wrote it: an earlier try of that call, delivered late, is not the beginning of another thread.
  calls bigint[] not null
);
create index tombstone_deleted_at on :schema.tombstone (deleted_at);

-- Who sweeps now, or where the last one stopped. One row at the most.
create table :schema.sweeper (
  only_one boolean primary key default true check (only_one),
  token uuid not null,
  -- When the claim ends; null where it was given back.
  claimed_until timestamptz,
  -- The last thread_key that was looked at; null: start over.
  at_thread bigint
);

-- Tells this store from all others; a copy of the database has the same id. One row.
create table :schema.store (
  only_one boolean primary key default true check (only_one),
  store_id uuid not null default gen_random_uuid()
);
insert into :schema.store default values;

create function :schema.whole_metadata(metadata jsonb, source "char", step integer) returns jsonb
language sql stable parallel safe
as $$
  select coalesce(metadata, jsonb_build_object(
    'source', case source when 'i' then 'input' when 'l' then 'loop' when 'u' then 'update' when 'f' then 'fork' end,
    'step', step,
    'parents', '{}'::jsonb
  ))
$$;

-- By a regular expression, since the planner then reckons with ten links, as it does with an array. Of generate_series it believes that it gives a thousand,
-- and then that statements are dear enough to be compiled. It takes 2.6 us a link.
create function :schema.link_ids(links bytea) returns setof uuid
language sql immutable parallel safe
as $$
  select id[1]::uuid from regexp_matches(encode(links, 'hex'), '.{32}', 'g') id
$$;

-- What users may query. Columns are only ever added.
create view :schema.threads as
select thread_id, created_at, updated_at, coalesce(labels, '{}') as labels,
  (select count(*) from :schema.checkpoint c where c.thread_key = th.thread_key and not is_hidden) as checkpoints,
  (select coalesce(sum(pg_column_size(record) + coalesce(pg_column_size(metadata), 0)), 0) from :schema.checkpoint c where c.thread_key = th.thread_key)
    + (select coalesce(sum(pg_column_size(body)), 0) from :schema.segment s where s.thread_key = th.thread_key)
    + (select coalesce(sum(pg_column_size(payload)), 0) from :schema.pending_write w where w.thread_key = th.thread_key) as bytes,
  case when lease_until > clock_timestamp() then lease_owner end as lease_owner,
  case when lease_until > clock_timestamp() then lease_until end as lease_until
from :schema.thread th
where thread_id is not null and migration_token is null;

create view :schema.checkpoints as
select th.thread_id, c.checkpoint_ns,
  case when octet_length(c.checkpoint_id) = 16 then encode(c.checkpoint_id, 'hex')::uuid::text
    else convert_from(ltrim(c.checkpoint_id, decode('00', 'hex')), 'UTF8') end as checkpoint_id,
  case when octet_length(c.parent_id) = 16 then encode(c.parent_id, 'hex')::uuid::text
    else convert_from(ltrim(c.parent_id, decode('00', 'hex')), 'UTF8') end as parent_checkpoint_id,
  c.committed_at, c.commit_order, :schema.whole_metadata(c.metadata, c.source, c.step) as metadata, coalesce(c.labels, '{}') as labels,
  pg_column_size(c.record) + coalesce(pg_column_size(c.metadata), 0) as bytes
from :schema.checkpoint c join :schema.thread th using (thread_key)
where th.thread_id is not null and th.migration_token is null and not c.is_hidden;

create view :schema.storage as
select c.relname::text as name, pg_total_relation_size(c.oid) as total_bytes, pg_indexes_size(c.oid) as index_bytes, c.reltuples::bigint as estimated_rows
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = :'schema' and c.relname in ('thread', 'checkpoint', 'segment', 'pending_write', 'tombstone');
