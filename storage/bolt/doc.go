// Package bolt is the default storage engine: one directory with a bbolt file
// and a directory of large blobs, opened by one process at a time.
//
// It keeps the promises of gateway/store:
//   - One goroutine writes. It takes every Update that waits, runs their
//     functions one after another in one bbolt transaction and syncs once for
//     all (group commit, without waiting for company). What a function wrote is
//     logged; if it fails or panics its writes are taken back and its
//     neighbours are committed. Nobody is answered before the commit returned,
//     not even those who failed: what they read may have been a neighbour's.
//   - A failed sync ends the engine: the kernel may already have forgotten the
//     pages, so trying again would prove nothing. A full disk does not: nothing
//     was written, and the next commit may find room.
//   - Every record carries a CRC-32C over its table, key and value, verified
//     whenever it is read. A damaged database gives ErrDamaged, never a panic
//     and never another record's bytes. Open checks the frame of the file and a
//     sample; Check walks all of it.
//   - A new database is made under another name, synced and renamed, so that
//     there is never a half-made one. What cannot be opened is left untouched.
//
// The buckets: one for each table of rows, named like it, and six of the
// engine's own, whose names begin with an underscore:
//
//	_meta   schema, layout, and the time up to which identifiers were minted
//	_items  app, queue, shard, id            -> the item
//	_lanes  app, queue, shard, lane, number  -> key in _items
//	_due    queue, shard, app, group, due, id -> key in _items
//	_blobs  app, hash                        -> references, size, the bytes of a small blob
//	_files  hash                             -> how many apps keep the file of a large blob
//
// _due is the one bucket about apps whose keys do not begin with the app: it is
// a schedule and holds no facts. A worker asks "what is due next in this shard",
// one party (app and group) after the other; everything in it can be told from
// _items. Of a lane
// only the first item stands in _due; when that is done, cancelled or steps
// aside, the next one is put in.
//
// Leases live in memory: the process that took them is the only one that can
// settle them, and its end ends them all. An item keeps its place in _due while
// it is leased, so taking and returning a lease costs no write.
//
// Blobs up to store.InlineBlob bytes are rows. Larger ones are files,
// blobs/ab/abcdef…, written, synced and named by Stage, removed after the commit
// that dropped the last reference; files that no row names are swept after hours.
//
// Not done here: what the rows mean (gateway/store), when items are tried again
// (gateway/queue), backups.
package bolt
