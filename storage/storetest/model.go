package storetest

var modelTests []suiteTest
