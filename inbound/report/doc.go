// Package report reads what programs send about mails of ours: delivery status
// notifications (RFC 3464), abuse reports (RFC 5965), and the bounces of
// programs that write plain text.
//
// It promises to read the parts meant for machines first and the prose only
// where there are none, to be pure, and to take time proportional to the
// report.
//
// It leaves to others whether a report is to be believed: anybody can write
// one. Only the signed address it was sent to says which mail of ours it is
// about; the recipients and identifiers found here explain, they prove nothing.
package report
