package compare

import (
	"math"

	"github.com/flowscope/flowscope/internal/sketch"
)

// Confidence says how sure it is that a difference is none of chance.
type Confidence string

// The confidences.
const (
	Low    Confidence = "low"
	Medium Confidence = "medium" // beyond 99 %
	High   Confidence = "high"   // beyond 99.9 %
)

// The two-sided quantiles of the normal distribution that go with them.
const (
	zMedium = 2.5758
	zHigh   = 3.2905
)

// span is an interval; one that has no upper end goes to infinity.
type span struct{ low, high float64 }

func (s span) apart(o span) bool { return s.low > o.high || s.high < o.low }

// ofZ is how confident a z-value makes.
func ofZ(z float64) Confidence {
	switch z = math.Abs(z); {
	case z >= zHigh:
		return High
	case z >= zMedium:
		return Medium
	default:
		return Low
	}
}

// tail is what lies beyond z on one side.
func tail(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// quantileSpan is the interval of a quantile, in ns.
func quantileSpan(s *sketch.Sketch, q, z float64) span {
	n := s.Count()
	low, high := ranks(n, q, z)
	out := span{0, math.Inf(1)}
	if low >= 1 {
		out.low = s.Quantile((float64(low) - 0.5) / float64(n))
	}
	if high <= n {
		out.high = s.Quantile((float64(high) - 0.5) / float64(n))
	}
	return out
}

// exact is up to how many samples the binomial distribution is added up; the
// normal one is as good above.
const exact = 2000

// ranks are the order statistics between which the q-quantile of n samples lies:
// low may be 0 and high n+1, which are no samples.
func ranks(n int64, q, z float64) (low, high int64) {
	if n > exact {
		mean, width := float64(n)*q, z*math.Sqrt(float64(n)*q*(1-q))
		return max(int64(math.Floor(mean-width)), 0), min(int64(math.Ceil(mean+width))+1, n+1)
	}
	sum, outside := 0.0, tail(z)
	high = n + 1
	for k := int64(0); k <= n; k++ {
		sum += binomial(n, k, q)
		if sum <= outside {
			low = k + 1
		}
		if sum >= 1-outside && k < n {
			high = k + 1
			break
		}
	}
	return low, high
}

// binomial is how likely k of n are when each is with q.
func binomial(n, k int64, q float64) float64 {
	a, _ := math.Lgamma(float64(n) + 1)
	b, _ := math.Lgamma(float64(k) + 1)
	c, _ := math.Lgamma(float64(n-k) + 1)
	return math.Exp(a - b - c + float64(k)*math.Log(q) + float64(n-k)*math.Log(1-q))
}

// shareSpan is Wilson's interval of hits among n.
func shareSpan(hits, n int64, z float64) span {
	if n == 0 {
		return span{0, 1}
	}
	p, m := float64(hits)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	width := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return span{max(middle-width, 0), min(middle+width, 1)}
}

// sharesDiffer compares hits among n with hits among m.
func sharesDiffer(hits, n, others, m int64) Confidence {
	if n == 0 || m == 0 {
		return Low
	}
	p, q := float64(hits)/float64(n), float64(others)/float64(m)
	pooled := float64(hits+others) / float64(n+m)
	variance := pooled * (1 - pooled) * (1/float64(n) + 1/float64(m))
	if variance == 0 {
		return Low
	}
	for _, level := range levels() {
		if math.Abs(q-p) >= level.z*math.Sqrt(variance) && shareSpan(hits, n, level.z).apart(shareSpan(others, m, level.z)) {
			return level.Confidence
		}
	}
	return Low
}

// ratesDiffer compares calls in n flows with calls in m flows.
func ratesDiffer(calls, n, others, m int64) Confidence {
	if n == 0 || m == 0 || calls+others == 0 {
		return Low
	}
	a, b := float64(n), float64(m)
	variance := float64(calls)/(a*a) + float64(others)/(b*b)
	return ofZ((float64(others)/b - float64(calls)/a) / math.Sqrt(variance))
}

// missed is how confident it is that an edge with so many calls in n flows is
// not only by chance absent from m others.
func missed(calls, n, m int64) Confidence {
	for _, level := range levels() {
		used := shareSpan(min(calls, n), n, level.z).low
		if math.Pow(1-used, float64(m)) < 2*tail(level.z) {
			return level.Confidence
		}
	}
	return Low
}

type level struct {
	Confidence
	z float64
}

// levels are the confidences from the highest down.
func levels() [2]level { return [2]level{{High, zHigh}, {Medium, zMedium}} }
