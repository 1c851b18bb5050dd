module example.com/storefront/auth

go 1.26
