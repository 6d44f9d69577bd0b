module peer-cosmo

go 1.26.0
