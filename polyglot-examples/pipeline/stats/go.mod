module example.com/pipeline/stats

go 1.26
