package reason

import (
	"sync"

	"github.com/BurntSushi/toml"

	"bucketproof/templates"
)

// english are the words of the codes. They are embedded; a test fails where one is missing.
var english = sync.OnceValue(func() map[string]string {
	var file struct {
		Why map[string]string `toml:"why"`
	}
	if _, err := toml.DecodeFS(templates.Text, "text/en.toml", &file); err != nil {
		return nil
	}
	return file.Why
})
