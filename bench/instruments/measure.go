package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// cost is what the kernel has counted for a process and the children that it has waited for.
type cost struct {
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	PeakMiB    float64 `json:"peakMiB"`
	ExitCode   int     `json:"exitCode"`
}

// runMeasure runs a program and prints its cost as JSON. The kernel counts the memory of the process that starts a
// program as memory of that program. So this small process starts the programs, and not the larger bench.
func runMeasure(arguments []string) error {
	flags := flag.NewFlagSet("measure", flag.ExitOnError)
	limit := flags.Duration("timeout", time.Hour, "ends the program after this time")
	flags.Parse(arguments)
	if flags.NArg() == 0 {
		return errors.New("measure: expected a program")
	}
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	child := exec.CommandContext(ctx, flags.Arg(0), flags.Args()[1:]...)
	child.Stderr = os.Stderr
	startedAt := time.Now()
	err := child.Run()
	seconds := time.Since(startedAt).Seconds()
	if child.ProcessState == nil {
		return err
	}
	usage := child.ProcessState.SysUsage().(*syscall.Rusage)
	return json.NewEncoder(os.Stdout).Encode(cost{
		Seconds:    seconds,
		CPUSeconds: (child.ProcessState.UserTime() + child.ProcessState.SystemTime()).Seconds(),
		PeakMiB:    float64(usage.Maxrss) / 1024,
		ExitCode:   child.ProcessState.ExitCode(),
	})
}
