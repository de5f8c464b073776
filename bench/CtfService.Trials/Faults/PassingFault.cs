namespace CtfService.Trials.Faults;

/// <summary>The storage of a running service, which can be broken and mended again and again.</summary>
/// <param name="BreakAsync">Breaks it.</param>
/// <param name="MendAsync">Mends it.</param>
/// <param name="EndAsync">Frees it, after the service has ended.</param>
internal sealed record PassingFault(Func<Task> BreakAsync, Func<Task> MendAsync, Func<Task> EndAsync);
