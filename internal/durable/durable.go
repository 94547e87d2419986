// Package durable makes names in a folder outlive a crash of the machine.
package durable
