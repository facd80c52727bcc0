namespace Pipeline.Transcribe.Minutes;

internal static partial class EnglishRules
{
    private static Dictionary<string, string[]> Contracted => new(StringComparer.Ordinal)
    {
        ["won't"] = ["will", "not"],
        ["can't"] = ["can", "not"],
        ["cannot"] = ["can", "not"],
        ["shan't"] = ["shall", "not"],
        ["dont"] = ["do", "not"],
        ["doesnt"] = ["does", "not"],
        ["didnt"] = ["did", "not"],
        ["isnt"] = ["is", "not"],
        ["cant"] = ["can", "not"],
        ["wont"] = ["will", "not"],
        ["im"] = ["i", "am"],
        ["ive"] = ["i", "have"],
        ["youre"] = ["you", "are"],
        ["theyre"] = ["they", "are"],
        ["thats"] = ["that", "is"],
        ["whos"] = ["who", "is"],
        ["whats"] = ["what", "is"],
        ["lets"] = ["let", "us"],
        ["let's"] = ["let", "us"],
        ["gonna"] = ["going", "to"],
        ["gotta"] = ["got", "to"],
        ["wanna"] = ["want", "to"],
        ["lemme"] = ["let", "me"],
        ["gimme"] = ["give", "me"],
        ["that's"] = ["that", "is"],
        ["it's"] = ["it", "is"],
        ["he's"] = ["he", "is"],
        ["she's"] = ["she", "is"],
        ["what's"] = ["what", "is"],
        ["who's"] = ["who", "is"],
        ["there's"] = ["there", "is"],
        ["here's"] = ["here", "is"],
        ["where's"] = ["where", "is"],
        ["how's"] = ["how", "is"],
        ["everyone's"] = ["everyone", "is"],
        ["everybody's"] = ["everybody", "is"],
        ["nobody's"] = ["nobody", "is"],
        ["somebody's"] = ["somebody", "is"],
        ["ok"] = ["okay"],
        ["o'clock"] = ["o'clock"],
    };

    private static PhraseSet NoTaskPhrases => Phrases(
        // No deed.
        "not|never|no", "be", "say|admit|confess|argue|add|note|assume|suppose|guess|bet|believe|know|think|feel|hope|miss|love|hate|need|like|want|regret|remember|forget|wonder|agree|disagree|understand|trust|be",
        "tell you", "ask you", "give you it|that|this", "give it|that a try|shot|go", "see", "live|die|stay|sleep|end|get used", "wish|warn|promise|swear", "have|has $", "mean", "have a|to|some|another", "pass", "look at forward", "look forward",
        // In the meeting.
        "share * screen|slides|deck", "share", "stop", "mute|unmute", "turn", "talk|speak to you|everyone", "catch you|up", "let you go|in|all|start|continue|finish|talk|speak", "show you", "start", "begin", "go first|last|next|over|back|now|ahead", "go $", "wait", "repeat", "call it",
        "leave|run|drop|hop|jump|head|go|log|sign off|out|on|in|now|soon|early|it|here|there|home $", "leave|run|go|drop|hop|jump $", "leave|run|drop|hop|jump|go off|out|now|soon|early", "decide|settle", "hand|pass it|over|back", "skip", "come back|to", "get to|into|started|going", "read", "recap|summarise|summarize", "walk|take you|us", "explain|introduce|clarify|interrupt",
        "pull|bring * up", "hang", "keep", "be quick|brief|right|back|late|there|out|done|honest|happy|fine", "grab|get|make a|some|another|more * coffee|water|tea|drink", "close with", "open with", "discuss", "talk about", "try");

    private static PhraseSet NoRequestPhrases => Phrases(
        "not|never", "hear|see|imagine|believe|excuse|remember|elaborate|explain|repeat|hold|wait|note|start|join|stop|introduce|come|think|go|be|mute|unmute|say|clarify|expand|guess|notice|know|understand|forgive|bear|have|like|love|want|feel|agree|wonder",
        "walk|take us|me|everyone|through", "give us|me|him|her", "tell us|me|everyone", "speak up|louder|slower", "share", "remind us|me|everyone", "show us|me", "turn", "let me|us", "look at this|that|it", "talk about|us|me|to", "read", "present", "do and|that|it|so|please", "summarise|summarize|recap", "do without", "move|step closer|on|to", "discuss", "get used|to|it", "run|take us|me|through", "call this|it|that", "use");

    private static PhraseSet AgreementPhrases => Phrases(
        "^yes|yeah|yep|yup|sure|okay|absolutely|certainly|definitely|agreed|right|alright|perfect|fine|great|good|gladly|deal|correct|indeed|understood", "^of course", "^no problem", "^no worries", "^no objection|objections", "^will do", "^on it", "^i can ~ do", "^i will", "^i can yeah|yes", "^i would yes", "^happy to", "^with pleasure",
        "^you got it", "^consider it", "^that is fine|okay|right|good", "^i have got", "^i am on", "^please do?", "^go ahead", "^that would be|help", "^thank you", "^thanks", "^all right", "^my pleasure", "^not at all", "^leave it",
        "^amazing|awesome|lovely|excellent|cool|sweet", "^makes sense", "^works for me", "^sounds", "^let us do", "^i agree", "^as do i", "^me too", "^same here", "^seconded", "^i support", "^love", "^i like|love that|it");

    private static PhraseSet StrongAgreementPhrases => Phrases(
        "i ~ agree", "^agreed", "^let us do that|it|this", "^love that|it", "^i like|love that|it|this", "works for me", "works $", "^sounds good|great|right|reasonable", "that sounds good|great|right|reasonable", "^makes sense", "that makes sense", "^same here", "^seconded|second", "no objection|objections", "^as do i",
        "i support", "^me too", "in favour|favor", "happy with that|it|this", "i am ~ for it|that", "i think that is right|good|fair|best", "that is better|right|fair|best|perfect", "seems|sounds right|good|fine|sensible", "^great|good|nice idea", "that is a good|great idea", "plus one", "is plenty", "^exactly", "^fine by|with me", "i would ~ vote for|go with");

    private static PhraseSet ObjectionPhrases => Phrases(
        "i do not think", "i do not like|want|agree|believe", "i disagree", "against", "^no $", "^no i|that|we|wait|it|not", "^wait", "^but", "not sure", "i would rather", "can not|not afford", "too expensive|risky|early|much|late", "i am afraid", "would annoy|hurt|break", "^not really", "i would not", "^hmm", "bad idea", "^why would", "does not work", "will not work", "^nope", "not yet", "i am not convinced|comfortable|happy");

    private static PhraseSet NonAnswerPhrases => Phrases(
        "do not ~ know", "no idea", "not ~ sure", "good question", "we will see", "^not yet", "has|have not said|decided|heard|come|answered|replied|scheduled", "offline", "park", "have|need to ~ check|ask|find|look", "have to ask", "not that i know", "let me check|ask|find|get|think", "question for", "heard nothing", "not a word", "still counting|waiting|checking|open|unclear",
        "waiting for", "is|are not scheduled|clear|decided|finished|known|there", "find out", "it depends", "never measured|checked|looked|asked", "will ask|check|find", "get back to", "come back to", "not me", "beats me", "would have to", "nobody knows", "who knows", "to be decided|confirmed", "can not answer|say|tell", "haven't", "remains open", "no one knows", "hard to say", "wish i knew");

    private static PhraseSet DecidedPhrases => Phrases(
        "we have? ~ all? decided|agreed|resolved|chose|chosen to|that|on|not|against|for", "it has|is|was been? ~ decided|agreed|resolved to|that", "the decision is|was", "our decision is", "final decision", "^let us go with|for", "^we will|are ~ go|going with|for", "^i vote we", "we have|are a? decision|settled|decided",
        "we go with", "we are settled on", "motion carried|carries|passes|passed", "resolved that", "the plan is to", "we have settled on");

    private static PhraseSet SettledPhrases => Phrases(
        "that is|it is ~ decided|settled|agreed|carried|approved", "^motion carried|carries|passes|passed", "is ~ carried", "^it is decided|settled", "^decided $", "^approved $", "^carried $", "that is a decision");

    private static PhraseSet NotDecidedPhrases => Phrases(
        "not ~ decided|decide|agreed|agree|settle|settled", "never ~ decided|agreed", "should|could|would|might|must have", "yesterday", "last time|week|month|year|meeting|night|summer|autumn|winter|spring", "earlier", "already", "ago", "if we", "before we decide|agree", "until we decide|agree", "did we", "have we", "used to", "back then|when",
        "that lasted", "i agreed", "i decided", "they decided|agreed", "whether we", "who decided", "when we decided|agreed", "as we decided|agreed", "like we decided|agreed");

    private static PhraseSet ResolutionPhrases => Phrases(
        "^let us ~ @do", "^let us ~ do|stay|keep|use|stick|skip|drop|stop|not", "^we ~ will ~", "^we are ~ going to ~", "^we are ~ @ing", "^we ~ accept|repair|keep|buy|move|start|stop|freeze|approve|reject|stay|stick|cancel|use|drop", "^the * is on", "^it is going to be");

    private static PhraseSet NoResolutionPhrases => Phrases(
        "see|talk|speak|discuss|decide|think|wait|start|begin|say|assume|imagine|pretend|suppose|be|meet|wrap|finish|hear|need|know|recap|repeat|continue|hope|catch|never|try|come|find|look|ask|be|reconvene|celebrate|miss|manage|want|get|going|moving|talking|waiting|looking|running|trying|having|done|doing|working|recording|losing",
        "get going|started|used|to|back|through", "move on|to|over", "go through|over|around|back|on|ahead|first", "park|postpone|revisit", "leave it|that|this", "take that|it|this|a", "call it", "wait", "work around", "have", "give", "put that|it|this|off", "not get|go|forget|be|worry|do|see|know", "keep going|in|it", "start|starting|stop there|here|now|sharing");

    private static PhraseSet ProposalPhrases => Phrases(
        "^i ~ propose|suggest|move|recommend", "here is what i propose", "my suggestion|proposal is|would", "^i ~ think|believe|feel|say we should|could|ought|can|must", "^what if we", "^how about", "^what about @ing", "^why do not we", "^maybe|perhaps we should|could|can", "^we ~ should|could|ought", "^let us ~",
        "^i would ~ go|switch|take|say|vote|keep", "^shall|should|could|can we", "was suggested|proposed", "the proposal is", "^i would suggest|propose|recommend", "what i propose");

    private static PhraseSet NoQuestionPhrases => Phrases(
        "^can|could|would|will you", "can|could you|everybody|everyone|anybody ~ hear|see", "^any|no objections|questions|volunteers|other|more|comments|thoughts", "^anything else", "in favour|favor", "^shall|should we ~ start|begin|leave|move|go|continue|stop|wrap|do", "^does that make|sound|work", "^is that okay|right|fine|clear|correct|it|so|all",
        "^what if", "^how about", "^what about", "^why do not we", "^how are|is you|everyone|everybody|it", "^are we|you ready|done|recording|good|all|there|okay|back|sure", "who wants to ~ go|start|begin", "^what went", "^what else", "who would not", "^really", "^right", "^remember", "did i tell you", "^is it recording", "^who ~ wants a|some",
        "not you|it|we|they|he|she $", "^everyone|everybody okay|ready|good|happy", "^can|could|may|should|shall i", "^could|can|should|shall we", "^would you say", "^do you mind|want", "^would it", "^can i go", "^is everyone|everybody|anyone", "^sorry", "^pardon", "^you know", "^okay", "^and did you", "right|okay|yeah|correct|huh $", "^what do we|you propose|think|say", "^did we|you ever? decide|agree", "been agreed|decided", "^who is|are here|there|missing|joining", "^is that something");
}
