module crossdock/bench/instruments

go 1.26.0
