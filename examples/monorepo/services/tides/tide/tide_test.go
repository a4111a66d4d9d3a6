package tide

import (
	"testing"
	"time"
)

func TestSpringTideAtTheEpoch(t *testing.T) {
	if height := Height(time.Unix(0, 0)); height != 1.6 {
		t.Fatalf("got %v", height)
	}
}
