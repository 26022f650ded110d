alter table :schema.thread
  -- A deleted thread that is too large to go in one statement has no id: nobody sees it, and its rows are taken away by and by.
  alter column thread_id drop not null,
  -- When something was written last, to the minute: so a run touches this row, and its index, once a minute and not at each put. In milliseconds, like the
  -- dates of JavaScript that listings are continued by.
  add column updated_at timestamptz not null default date_trunc('milliseconds', now()),
  -- What its runs last said of themselves, but for their ids.
  add column labels jsonb,
  -- The ids of the checkpoints that were pruned last, for writes to one of them that come later.
  add column pruned bytea[],
  -- Of each of them, the call that wrote it last.
  add column pruned_calls bigint[],
  -- When it was last looked at by a sweep.
  add column swept_at timestamptz;

create index thread_updated_at on :schema.thread (updated_at, thread_id) where thread_id is not null;
create index thread_labels on :schema.thread using gin (labels jsonb_path_ops) where labels is not null;
create index thread_without_id on :schema.thread (thread_key) where thread_id is null;

alter table :schema.checkpoint
  -- Of checkpoints from before this step: when it was made.
  add column committed_at timestamptz not null default now(),
  add column labels jsonb,
  -- Pruned, but others are read by its help: a delta channel is rebuilt from its writes.
  add column is_hidden boolean not null default false;

create index checkpoint_run_id on :schema.checkpoint ((labels->>'run_id')) where labels ? 'run_id';

-- Of the run that wrote them.
alter table :schema.pending_write add column run_id text;
create index pending_write_run_id on :schema.pending_write (run_id) where run_id is not null;

-- Who sweeps now, or where the last one stopped. One row at the most.
create table :schema.sweeper (
  only_one boolean primary key default true check (only_one),
  token uuid not null,
  -- When the claim ends; null where it was given back.
  claimed_until timestamptz,
  -- The last thread_key that was looked at; null: begin anew.
  at_thread bigint
);

-- What users may query. Columns are only ever added.
create view :schema.threads as
select thread_id, created_at, updated_at, coalesce(labels, '{}') as labels,
  (select count(*) from :schema.checkpoint c where c.thread_key = th.thread_key and not is_hidden) as checkpoints,
  (select coalesce(sum(pg_column_size(record) + pg_column_size(metadata)), 0) from :schema.checkpoint c where c.thread_key = th.thread_key)
    + (select coalesce(sum(pg_column_size(body)), 0) from :schema.segment s where s.thread_key = th.thread_key)
    + (select coalesce(sum(pg_column_size(payload)), 0) from :schema.pending_write w where w.thread_key = th.thread_key) as bytes,
  case when lease_until > clock_timestamp() then lease_owner end as lease_owner,
  case when lease_until > clock_timestamp() then lease_until end as lease_until
from :schema.thread th
where thread_id is not null;

create view :schema.checkpoints as
select th.thread_id, c.checkpoint_ns,
  case when octet_length(c.checkpoint_id) = 16 then encode(c.checkpoint_id, 'hex')::uuid::text
    else convert_from(ltrim(c.checkpoint_id, '\x00'), 'UTF8') end as checkpoint_id,
  case when octet_length(c.parent_id) = 16 then encode(c.parent_id, 'hex')::uuid::text
    else convert_from(ltrim(c.parent_id, '\x00'), 'UTF8') end as parent_checkpoint_id,
  c.committed_at, c.commit_order, c.metadata, coalesce(c.labels, '{}') as labels,
  pg_column_size(c.record) + pg_column_size(c.metadata) as bytes
from :schema.checkpoint c join :schema.thread th using (thread_key)
where th.thread_id is not null and not c.is_hidden;

create view :schema.storage as
select c.relname::text as name, pg_total_relation_size(c.oid) as total_bytes, pg_indexes_size(c.oid) as index_bytes, c.reltuples::bigint as estimated_rows
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = :'schema' and c.relname in ('thread', 'checkpoint', 'segment', 'pending_write', 'tombstone');
