namespace CtfService.Api.Validation;

/// <summary>What a response contains beside each image.</summary>
internal sealed record Inclusion(bool Layout, bool Tokens)
{
    private const string Field = "include";

    public bool IsNothing => !Layout && !Tokens;

    public static Inclusion Choose(IReadOnlyList<string>? asked, RequestProblems problems)
    {
        foreach (var unknown in (asked ?? []).Where(name => name is not ("layout" or "tokens")).Distinct())
        {
            problems.Add(Field, "unsupported_value", $"{Field} names '{unknown}'; expected 'layout', 'tokens' or both.");
        }

        return new Inclusion(asked?.Contains("layout") == true, asked?.Contains("tokens") == true);
    }
}
