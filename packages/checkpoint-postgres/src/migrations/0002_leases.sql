alter table :schema.thread
  -- Of the last lease.
  -- A count, and 18 random digits: a store that has forgotten a lease counts on from before it.
  add column lease_token numeric,
  add column lease_owner text,
  -- When the lease ends; null where it was released. In the past: its holder crashed, or stalled.
  add column lease_until timestamptz,
  -- Of the request that took it: when its answer was lost, the same request finds that it has the lease already.
  add column lease_request uuid,
  -- How many leases in a row ended without a release.
  add column lease_tries integer not null default 0,
  -- Counts the commits of savers with onConflict "reject": whoever waited for the thread's lock sees that the thread has moved.
  add column commits bigint not null default 0;

-- Threads whose lease has ended without a release.
create index thread_lease_until on :schema.thread (lease_until) where lease_until is not null;

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
