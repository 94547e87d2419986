package engine

// The columns of the dataset, for a slice without any file. They are those of
// the Parquet schema in package dataset.
var (
	accessColumns = []Column{
		{"bucket_owner", Text}, {"bucket", Text}, {"time", zoned}, {"remote_ip", Text}, {"requester", Text}, {"request_id", Text},
		{"operation", Text}, {"key", Text}, {"request_uri", Text}, {"http_status", "INTEGER"}, {"error_code", Text}, {"bytes_sent", Int},
		{"object_size", Int}, {"total_time_ms", "INTEGER"}, {"turn_around_time_ms", "INTEGER"}, {"referer", Text}, {"user_agent", Text},
		{"version_id", Text}, {"host_id", Text}, {"signature_version", Text}, {"cipher_suite", Text}, {"authentication_type", Text},
		{"host_header", Text}, {"tls_version", Text}, {"access_point_arn", Text}, {"acl_required", Bool}, {"source_region", Text},
		{"extra", Text}, {"source_object", Text}, {"source_line", Int},
	}
	rejectedColumns = []Column{
		{"bucket", Text}, {"time", zoned}, {"source_object", Text}, {"source_line", Int}, {"reason", Text}, {"raw", Text},
	}
)

const zoned = "TIMESTAMP WITH TIME ZONE"
