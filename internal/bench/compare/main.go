package main

import (
	"fmt"
	"os"
	"strconv"

	"bucketproof/internal/bench"
)

func main() {
	mb, _ := strconv.Atoi(os.Args[2])
	os.MkdirAll(os.Args[1], 0o755)
	t, err := bench.Logs(os.Args[1], int64(mb)<<20, 1<<20, false)
	fmt.Println(t.Objects, t.Bytes, t.Records, t.Hard, err)
}
