// Package durable makes the names in a folder survive a crash of the machine.
package durable
