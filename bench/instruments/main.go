// Command instruments has the parts of the bench that must cost little beside the tools that it measures:
//
//	instruments proxy      a counting proxy in front of a registry
//	instruments floor      copies with the fewest requests that a correct copy can need
//	instruments measure    runs a program and prints its time and memory
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{
		"proxy":   runProxy,
		"floor":   runFloor,
		"measure": runMeasure,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "instruments: expected proxy, floor or measure")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "instruments:", err)
		os.Exit(1)
	}
}
