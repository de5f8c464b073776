namespace CtfService.Api.Tests.Malformed;

internal static class RandomChoice
{
    public static T Pick<T>(this Random random, params IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];
}
