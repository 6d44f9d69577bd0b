create table bookmark (
  profile text not null,
  title text not null,
  seconds integer not null,
  at integer not null, -- milliseconds since 1970
  primary key (profile, title)
) strict, without rowid;
create index bookmark_latest on bookmark (profile, at desc, title);

create table listed (
  profile text not null,
  title text not null,
  place integer not null, -- grows: the highest stands first
  primary key (profile, title)
) strict, without rowid;
create index listed_latest on listed (profile, place desc);

-- What a write was answered, by its profile and Idempotency-Key: "demo/7f0c…".
create table answer (
  key text not null primary key,
  request blob not null, -- SHA-256 of method, path and body
  body blob not null,
  at integer not null -- milliseconds since 1970
) strict, without rowid;
create index answer_age on answer (at);

pragma user_version = 1;
