// Package stats counts words.
package stats

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"mosaic.local/stats/acme/pipeline/figures"
	"mosaic.local/stats/acme/pipeline/texts"
	"mosaic.local/stats/wit"
)

// Commonest gives the commonest words, commonest first; those of one count in alphabetical order.
func Commonest(words []texts.Word, limit uint32) []figures.Count {
	counts := map[string]*figures.Count{}
	for _, word := range words {
		if count, found := counts[word.Text]; found {
			count.Times++
		} else {
			counts[word.Text] = &figures.Count{Word: word.Text, Times: 1, First: word}
		}
	}
	sorted := make([]figures.Count, 0, len(counts))
	for _, count := range counts {
		sorted = append(sorted, *count)
	}
	slices.SortFunc(sorted, func(a, b figures.Count) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Word, b.Word))
	})
	return sorted[:min(len(sorted), int(limit))]
}

// Summarise asks the document itself, which the caller lends.
func Summarise(text *texts.Document) figures.Summary {
	words := text.Words()
	distinct := map[string]struct{}{}
	letters := 0
	for _, word := range words {
		distinct[word.Text] = struct{}{}
		letters += utf8.RuneCountInString(word.Text)
	}
	summary := figures.Summary{Words: uint32(len(words)), Distinct: uint32(len(distinct))}
	if len(words) > 0 {
		summary.MeanLength = float64(letters) / float64(len(words))
	}
	longest := uint32(0)
	for number := uint32(1); number <= text.Lines(); number++ {
		line := text.Line(number)
		if line.IsNone() {
			continue
		}
		if length := uint32(utf8.RuneCountInString(line.Some())); length > longest {
			longest = length
			summary.Longest = wit.Some(wit.Tuple2[uint32, uint32]{F0: number, F1: length})
		}
	}
	return summary
}
