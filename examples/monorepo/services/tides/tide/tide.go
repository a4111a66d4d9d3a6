// Package tide computes the height of the water.
package tide

import (
	"math"
	"time"
)

// The moon's tide and the sun's: period, and amplitude in metres.
var parts = []struct {
	period    time.Duration
	amplitude float64
}{
	{12*time.Hour + 25*time.Minute + 14*time.Second, 1.2},
	{12 * time.Hour, 0.4},
}

// Height returns metres above the mean at a moment.
func Height(moment time.Time) float64 {
	sum := 0.0
	for _, part := range parts {
		turns := float64(moment.Unix()) / part.period.Seconds()
		sum += part.amplitude * math.Cos(2*math.Pi*turns)
	}
	return math.Round(sum*100) / 100
}
