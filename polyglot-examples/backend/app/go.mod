module example.com/backend/app

go 1.26
