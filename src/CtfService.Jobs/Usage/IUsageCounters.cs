namespace CtfService.Jobs.Usage;

/// <summary>Counts what callers use, against limits. No call fails or takes longer than about a second. Thread-safe.</summary>
public interface IUsageCounters
{
    /// <summary>Charges all limits or, if one of them has too little room, none.</summary>
    /// <param name="charges">At most one for each counter.</param>
    Task<UsageReceipt> ChargeAsync(IReadOnlyList<UsageCharge> charges);

    /// <summary>Gives back a part of each charge, if its window has not ended.</summary>
    /// <param name="amount">At most what was charged.</param>
    /// <returns>The states of the limits afterwards.</returns>
    Task<UsageReceipt> ReturnAsync(UsageReceipt receipt, long amount);
}
