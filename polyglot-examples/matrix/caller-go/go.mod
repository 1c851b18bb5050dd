module example.com/matrix/caller

go 1.26
