module example.com/matrix/provider

go 1.26
