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
	trailColumns = []Column{
		{"account", Text}, {"time", zoned}, {"event_name", Text}, {"event_source", Text}, {"region", Text},
		{"user_type", Text}, {"requester", Text}, {"user_account", Text}, {"issuer", Text}, {"source_ip", Text},
		{"user_agent", Text}, {"request_id", Text}, {"host_id", Text}, {"event_id", Text}, {"shared_event_id", Text},
		{"event_type", Text}, {"category", Text}, {"error_code", Text}, {"error_message", Text}, {"bucket", Text},
		{"key", Text}, {"version_id", Text}, {"read_only", Bool}, {"management", Bool}, {"http_status", "INTEGER"},
		{"bytes_in", Int}, {"bytes_out", Int}, {"tls_version", Text}, {"cipher_suite", Text}, {"signature_version", Text},
		{"authentication_type", Text}, {"resources", Text}, {"request_parameters", Text}, {"response_elements", Text},
		{"source_object", Text}, {"source_record", Int},
	}
	rejectedColumns = []Column{
		{"bucket", Text}, {"time", zoned}, {"source_object", Text}, {"source_line", Int}, {"reason", Text}, {"raw", Text},
	}
)

const zoned = "TIMESTAMP WITH TIME ZONE"
