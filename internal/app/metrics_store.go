package app

// Names of the store's metrics, by what they count.
const (
	storeSpans       = "flowscope_store_appended_spans_total"
	storeWALBytes    = "flowscope_store_wal_bytes_total"
	storeWALSyncs    = "flowscope_store_wal_syncs_total"
	storeWALTorn     = "flowscope_store_wal_torn_total"
	storeWALCorrupt  = "flowscope_store_wal_corrupt_segments_total"
	storeErrors      = "flowscope_store_append_errors_total"
	storeBusy        = "flowscope_store_append_busy_total"
	storeLow         = "flowscope_store_append_low_disk_total"
	storeWALBroken   = "flowscope_store_wal_broken_segments_total"
	storeMaintain    = "flowscope_store_maintenance_errors_total"
	storeFree        = "flowscope_store_free_bytes"
	storeReplayed    = "flowscope_store_replayed_spans_total"
	storeWritten     = "flowscope_store_blocks_written_total"
	storeWriteErrors = "flowscope_store_block_write_errors_total"
	storeMerges      = "flowscope_store_block_merges_total"
	storePruned      = "flowscope_store_blocks_pruned_total"
	storeExpired     = "flowscope_store_blocks_expired_total"
	storeQuarantined = "flowscope_store_quarantined_blocks"
	storeOpenLost    = "flowscope_store_open_lists_lost_total"
	storeBlocks      = "flowscope_store_blocks"
	storeStored      = "flowscope_store_stored_spans"
	storeBytes       = "flowscope_store_stored_bytes"
	storeLive        = "flowscope_store_live_spans"
	storeUnflushed   = "flowscope_store_unflushed_bytes"
	storeFlushing    = "flowscope_store_flushing_heads"
)

func storeFamilies() []family {
	return []family{
		{storeSpans, "Spans made durable in the write-ahead log.", counter, nil},
		{storeWALBytes, "Bytes written to the write-ahead log.", counter, nil},
		{storeWALSyncs, "Syncs of the write-ahead log; each makes a group of requests durable.", counter, nil},
		{storeWALTorn, "Torn ends of the write-ahead log that were cut off at the start.", counter, nil},
		{storeWALCorrupt, "Segments of the write-ahead log that were damaged or unreadable at the start.", counter, nil},
		{storeErrors, "Groups of requests that could not be written.", counter, nil},
		{storeBusy, "Requests refused because too much is in no block yet.", counter, nil},
		{storeLow, "Requests refused because the disk is nearly full.", counter, nil},
		{storeWALBroken, "Segments of the write-ahead log given up because a sync failed.", counter, nil},
		{storeMaintain, "Rounds of retention and merging that failed.", counter, nil},
		{storeFree, "Bytes free on the disk of the data directory, when it says.", gauge, nil},
		{storeReplayed, "Spans read back from the write-ahead log at the start.", counter, nil},
		{storeWritten, "Blocks written.", counter, nil},
		{storeWriteErrors, "Attempts to write a block that failed.", counter, nil},
		{storeMerges, "Merges of small blocks into a larger one.", counter, nil},
		{storePruned, "Blocks written anew by retention, without what had expired.", counter, nil},
		{storeExpired, "Blocks removed by retention.", counter, nil},
		{storeQuarantined, "Blocks that are left out of answers because they are damaged.", gauge, nil},
		{storeOpenLost, "Lists of open traces that were damaged: flows open at a stop may be counted in part.", counter, nil},
		{storeBlocks, "Blocks on disk.", gauge, nil},
		{storeStored, "Spans in blocks.", gauge, nil},
		{storeBytes, "Bytes of all blocks.", gauge, nil},
		{storeLive, "Spans in no block yet.", gauge, nil},
		{storeUnflushed, "Memory of spans in no block yet, in bytes.", gauge, nil},
		{storeFlushing, "Heads on their way into a block.", gauge, nil},
	}
}

func (c *collector) collectStore(put func(string, int64, ...string)) {
	s := c.server.store.Stats()
	put(storeSpans, s.Spans)
	put(storeWALBytes, s.WALBytes)
	put(storeWALSyncs, s.WALSyncs)
	put(storeWALTorn, s.WALTorn)
	put(storeWALCorrupt, s.WALCorrupt)
	put(storeErrors, s.AppendErrors)
	put(storeBusy, s.AppendBusy)
	put(storeLow, s.AppendLow)
	put(storeWALBroken, s.WALBroken)
	put(storeMaintain, s.MaintainErrors)
	if s.FreeBytes >= 0 {
		put(storeFree, s.FreeBytes)
	}
	put(storeReplayed, s.ReplayedSpans)
	put(storeWritten, s.BlocksWritten)
	put(storeWriteErrors, s.BlockWriteErrors)
	put(storeMerges, s.BlocksMerged)
	put(storePruned, s.BlocksPruned)
	put(storeExpired, s.BlocksExpired)
	put(storeQuarantined, int64(len(s.Quarantined)))
	put(storeOpenLost, s.OpenLost)
	put(storeBlocks, int64(s.Blocks))
	put(storeStored, s.StoredSpans)
	put(storeBytes, s.StoredBytes)
	put(storeLive, s.LiveSpans)
	put(storeUnflushed, s.UnflushedBytes)
	put(storeFlushing, int64(s.Flushing))
}
